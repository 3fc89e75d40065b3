"""`import crmlab` costs next to nothing, and its public names all exist."""

from __future__ import annotations

import subprocess
import sys

import pytest

import crmlab

HEAVY = ["numpy", "pandas", "matplotlib", "sklearn", "scipy", "pyarrow", "IPython", "ipywidgets", "jinja2", "rich"]


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy() -> None:
    loaded = modules_after("import crmlab")
    assert "crmlab" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_check_sees_a_heavy_import() -> None:
    assert "numpy" in modules_after("import numpy")


@pytest.mark.parametrize("name", sorted(set(crmlab.__all__) - {"__version__"}))
def test_public_name_loads(name: str) -> None:
    assert getattr(crmlab, name) is not None
    assert name in dir(crmlab)


def test_unknown_name_lists_what_is_there() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'grade'; it has .*TableError, .*tables"):
        _ = crmlab.grade


def test_public_names_are_sorted() -> None:
    assert list(crmlab._PUBLIC) == sorted(crmlab._PUBLIC)
