"""Formulas of a page: typeset without a network, spoken, in line with the text; what is no formula stays."""

from __future__ import annotations

import re

import nbformat
import pytest

from crmlab.course.formulas import FormulaError, as_svg, typeset
from crmlab.course.publish import as_page


def test_a_page_has_its_formulas_typeset_and_loads_nothing() -> None:
    text = r"The chance $p_i < 1$ and\n\n$$\bar{x} = \frac{1}{n}\sum_{i=1}^{n} x_i$$\n\nbut 5 $ and 7 $ and `$p$`."
    page = as_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text.replace("\\n", "\n"))]), "x")
    labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', page)
    assert labels == ["p_i &lt; 1", r"\bar{x} = \frac{1}{n}\sum_{i=1}^{n} x_i"]
    body = page[page.index("<main") :]
    assert "5 $ and 7 $" in body and "<code>$p$</code>" in body
    assert "<script" not in page


def test_a_letter_with_a_tail_reaches_below_the_line() -> None:
    assert as_svg("p")[3] > as_svg("x")[3] >= 0


def test_what_cannot_be_typeset_is_named() -> None:
    with pytest.raises(FormulaError, match=r"\\begin"):
        typeset(r"<p>$\begin{cases}1\end{cases}$</p>")
