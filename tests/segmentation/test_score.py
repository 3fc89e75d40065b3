"""Typing scores: what some have told, told of all by the indicators that go with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab import segmentation


def study(seed: int) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
    """Return 60 indicators of 1,000 customers, three of which show a taste, and the answers of 300."""
    generator = np.random.default_rng(seed)
    taste = generator.normal(size=1_000)
    columns = {f"habit_{k}": np.exp(0.7 * taste + generator.normal(size=1_000)) for k in range(3)}
    columns |= {f"noise_{k}": generator.normal(size=1_000) for k in range(57)}
    asked = generator.choice(1_000, 300, replace=False)
    answer = pd.Series(taste[asked] + generator.normal(size=300), index=asked, name="taste")
    return pd.DataFrame(columns), answer, taste


def test_the_indicators_of_a_taste_count_and_noise_hardly_ever() -> None:
    """One noise indicator in 1,000 exceeds 3.3 standard errors: here 0.6 of 570, and five have a chance of 0.0004."""
    noise = 0
    for seed in range(10):
        table, answer, _ = study(seed)
        found = segmentation.tells(table, answer)
        assert found.loc[["habit_0", "habit_1", "habit_2"], "counts"].all()
        noise += int(found["counts"].sum()) - 3
    assert noise < 5


def test_the_score_reaches_those_who_were_not_asked() -> None:
    table, answer, taste = study(3)
    score = segmentation.typing_score(table, answer)
    rest = ~table.index.isin(answer.index)
    # Three parallel indicators with a reliability of about a third: a correlation of √(1/1.68) = 0.77 is the most.
    assert 0.65 < np.corrcoef(score[rest], taste[rest])[0, 1] < 0.85
    assert score.mean() == pytest.approx(0, abs=1e-9)
    assert score.std(ddof=0) == pytest.approx(1)
    assert score.name == "taste"


def test_neither_order_nor_scale_matters() -> None:
    table, answer, _ = study(4)
    score = segmentation.typing_score(table, answer)
    turned = table.sample(frac=1, random_state=1).apply(lambda column: 3 * column + 2)
    again = segmentation.typing_score(turned, 10 * answer.sample(frac=1, random_state=2))
    assert again.reindex(table.index).to_numpy() == pytest.approx(score.to_numpy(), abs=1e-6)
    yes = segmentation.typing_score(table, answer > 0)
    assert yes.corr(score) > 0.9
