"""Where the files of the course are: in a checkout, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _course_folder(name: str) -> Path:
    # The wheel carries the folders inside the package (pyproject.toml, tool.hatch); in a checkout they stand beside it.
    for folder in (_PACKAGE / "_course_files" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"The folder {name!r} of the course is neither in {_PACKAGE / '_course_files'} nor in {_PACKAGE.parent}. "
        "Install crmlab again, from its wheel or from a complete checkout."
    )


def datasets_folder() -> Path:
    """Return the folder of the frozen data sets, one folder per scenario inside.

    Returns
    -------
    Path
        Read-only by intention: in an installed package it belongs to the package.

    Raises
    ------
    FileNotFoundError
        If crmlab was installed without its course.

    Examples
    --------
    >>> datasets_folder().name
    'datasets'
    """
    return _course_folder("datasets")


def notebooks_folder() -> Path:
    """Return the folder of the lessons, with their text under ``source`` inside.

    Returns
    -------
    Path
        Copy lessons out of it before running them: in an installed package it belongs to the package.

    Raises
    ------
    FileNotFoundError
        If crmlab was installed without its course.

    Examples
    --------
    >>> notebooks_folder().name
    'notebooks'
    """
    return _course_folder("notebooks")
