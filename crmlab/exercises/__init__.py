"""Exercises: one module per lesson, with answers recomputed from the data at hand and names for the known mistakes."""

from __future__ import annotations

from crmlab.exercises.answers import Choice, Number
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.outcome import Outcome
from crmlab.exercises.session import Lesson, LessonData, LessonError, lesson

__all__ = [
    "Choice",
    "Exercise",
    "Lesson",
    "LessonData",
    "LessonError",
    "Mistake",
    "Number",
    "Outcome",
    "Prediction",
    "lesson",
]
