"""Explorers of lesson 04: groups that another sample would not show, and hundreds of indicators, some of which leak."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import cho_factor, solve_triangular
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtri
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from crmlab.explorers.canvas import Backdrop, Panel
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import fresh_settings, ink_on
from crmlab.tables import TableError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_COMPONENTS = 60
"""Principal components in which groups are looked for: the rest is noise, and the picture answers at once."""

_SHOWN = 1_200
"""Customers drawn as dots at most."""

_LOOKS = (
    ("blue", "o"),
    ("vermilion", "s"),
    ("green", "^"),
    ("orange", "D"),
    ("purple", "v"),
    ("sky", "P"),
    ("ink", "X"),
    ("grey", "*"),
)


def clusters(
    indicators: pd.DataFrame, scores: pd.DataFrame, *, names: tuple[str, str] = ("again", "price")
) -> Explorer:
    """Find groups with k-means, in another sample each time.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, many numeric columns.
    scores : DataFrame
        Two columns, in standard deviations, for the same customers.
    names : tuple of str
        What the two scores are called in the picture.

    Returns
    -------
    Explorer
        Controls ``k``, ``by`` (all indicators or the two scores) and ``sample`` (which bootstrap sample).
    """
    if len(indicators) != len(scores) or scores.shape[1] != 2:
        raise TableError("scores must have two columns and one row for each row of indicators.")
    spaces = {_ALL: _principal(indicators), _SCORES: scores.to_numpy(np.float64)}
    axes = {
        _ALL: (say("First principal component"), say("Second principal component")),
        _SCORES: (f"{names[0]} ({say('score')})", f"{names[1]} ({say('score')})"),
    }
    scenes = {by: _Cloud(spaces[by], axes[by]) for by in spaces}

    @cache
    def found(by: str, k: int, sample: int) -> Ints:
        with threadpool_limits(limits=1):  # threads that wait for a busy core cost ten times what they save
            return _groups(spaces[by], k, sample)

    def render(k: int, by: str, sample: int) -> Figure:
        first, here = found(by, k, 0), found(by, k, sample)
        table = np.zeros((k, k), dtype=np.int64)
        np.add.at(table, (first, here), 1)
        rows, columns = linear_sum_assignment(-table)
        renamed = np.empty(k, dtype=np.intp)
        renamed[columns] = rows
        return scenes[by].draw(renamed[here], k, table.sum(axis=1), table[rows, columns], sample)

    controls = (
        Control("k", "Groups", "slider", 4, low=2, high=8, step=1),
        Control("by", "Found in", "choice", _ALL, options=(_ALL, _SCORES)),
        Control("sample", "Sample drawn anew", "slider", 1, low=1, high=10, step=1, unit="number"),
    )
    return Explorer("clusters", controls, render)


_ALL = "all indicators"
_SCORES = "the two scores"


def _principal(indicators: pd.DataFrame) -> Floats:
    """Return the first principal components of the standardised indicators, skewed ones by their logarithm."""
    values = indicators.to_numpy(np.float64)
    centred = values - values.mean(axis=0)
    spread = values.std(axis=0)
    skewed = (values.min(axis=0) >= 0) & ((centred**3).mean(axis=0) > np.maximum(spread, 1e-12) ** 3)
    values = np.where(skewed, np.log1p(np.maximum(values, 0)), values)
    spread = values.std(axis=0)
    table = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    left, size, _ = np.linalg.svd(table, full_matrices=False)
    return np.ascontiguousarray((left * size)[:, : min(_COMPONENTS, table.shape[1])])


def _groups(space: Floats, k: int, sample: int) -> Ints:
    """Return the group of every customer; the groups are those of a bootstrap sample of them."""
    generator = np.random.default_rng(sample)
    weight = np.bincount(generator.integers(0, len(space), len(space)), minlength=len(space)).astype(np.float64)
    starts = [_k_means(space, weight, k, generator) for _ in range(_STARTS if space.shape[1] > 2 else 8)]
    _, centres = min(starts, key=lambda start: start[0])
    centres = centres[np.argsort(centres[:, 0], kind="stable")]
    return _distances(space, centres).argmin(axis=1)


_STARTS, _STEPS = 2, 30
"""Enough for a picture; `crmlab.segmentation.Segmenter` takes its time."""


def _k_means(space: Floats, weight: Floats, k: int, generator: np.random.Generator) -> tuple[float, Floats]:
    """Return the spread within groups and their centres: k-means++, then Lloyd's steps, without scikit-learn's checks.

    A picture has a tenth of a second.
    """
    centres = space[[generator.choice(len(space), p=weight / weight.sum())]]
    for _ in range(k - 1):
        far = weight * np.maximum(_distances(space, centres).min(axis=1), 0)
        centres = np.vstack([centres, space[generator.choice(len(space), p=far / far.sum())]])
    for _ in range(_STEPS):
        nearest = _distances(space, centres).argmin(axis=1)
        member = np.zeros((len(space), k))
        member[np.arange(len(space)), nearest] = weight
        sizes = member.sum(axis=0)
        moved = np.where(sizes[:, None] > 0, (member.T @ space) / np.maximum(sizes, 1e-9)[:, None], centres)
        done = np.allclose(moved, centres, atol=1e-3)
        centres = moved
        if done:
            break
    return float((weight * _distances(space, centres).min(axis=1)).sum()), centres


def _distances(space: Floats, centres: Floats) -> Floats:
    """Return squared distances, shape (customers, groups)."""
    own = np.einsum("ij,ij->i", space, space)[:, None]
    return np.asarray(own - 2 * space @ centres.T + np.einsum("ij,ij->i", centres, centres))


class _Cloud:
    """Dots on the left, and on the right how many of each group stay together."""

    def __init__(self, space: Floats, names: tuple[str, str]) -> None:
        step = max(1, len(space) // _SHOWN)
        self._rows = np.arange(0, len(space), step)
        self._dots = space[self._rows, :2]
        low, high = np.quantile(space[:, :2], [0.002, 0.998], axis=0)
        pad = 0.06 * (high - low)
        (x0, y0), (x1, y1) = low - pad, high + pad
        self._map = Panel((0.09, 0.14, 0.5, 0.76), (float(x0), float(x1)), (float(y0), float(y1)))
        self._bars = Panel((0.66, 0.14, 0.29, 0.76), (0.0, 1.0), (0.0, 8.0))
        self._names = names
        self._backdrop = Backdrop(self._still)

    def _still(self, figure: Figure) -> None:
        left = self._map.axes(figure)
        left.set(xlabel=self._names[0], ylabel=self._names[1])
        left.set_title(say("Customers, in groups"))
        right = self._bars.axes(figure)
        right.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
        right.set_yticks([])
        right.grid(True, axis="x")
        right.set_xlabel(say("of the group, again together"))
        right.set_title(say("Found anew"))

    def draw(self, groups: Ints, k: int, sizes: Ints, kept: Ints, sample: int) -> Figure:
        """Return the picture of one sample."""
        shown = groups[self._rows]
        with matplotlib.rc_context(fresh_settings()):
            figure = self._backdrop.figure()
            for group in range(k):
                colour, marker = _LOOKS[group]
                dots = self._dots[shown == group]
                style = {"marker": marker, "markersize": 3.2, "linestyle": "none", "color": COLOURS[colour]}
                self._map.line(figure, dots[:, 0], dots[:, 1], alpha=0.7, markeredgewidth=0, **style)
                height = 8.0 / k
                middle = 8.0 - (group + 0.5) * height
                share = float(kept[group] / max(sizes[group], 1))
                half = 0.32 * height
                x = [0, share]
                self._bars.line(
                    figure,
                    x,
                    [middle, middle],
                    color=COLOURS[colour],
                    linewidth=2 * half * 28,
                    solid_capstyle="butt",
                )
                mark = ink_on(COLOURS[colour]) if share > 0.09 else COLOURS[colour]
                self._bars.line(figure, [0.05], [middle], marker=marker, markersize=6, color=mark)
                inside = share > 0.3
                figure.text(
                    float(self._bars.across(share - 0.03 if inside else max(share, 0.09) + 0.03)),
                    float(self._bars.up(middle)),
                    f"{share:.0%}",
                    ha="right" if inside else "left",
                    va="center",
                    fontsize=10,
                    fontweight="bold",
                    color=ink_on(COLOURS[colour]) if inside else COLOURS["ink"],
                )
        together = float(kept.sum() / sizes.sum())
        told = ", ".join(f"{share:.0%}" for share in kept / np.maximum(sizes, 1))
        set_alt_text(
            figure,
            say(
                "{k} groups of {count:,} customers, one cloud without gaps. In sample {sample}, of 100 customers "
                "{together:.0f} are with the same people as in the first one; by group: {told}.",
                k=k,
                count=int(sizes.sum()),
                sample=sample,
                together=100 * together,
                told=told,
            ),
        )
        return figure


def indicator_lab(indicators: pd.DataFrame, target: pd.Series, *, leaks: list[str], first: list[str]) -> Explorer:
    """Record more and more indicators, and see how well a model ranks customers that it has learned from, and others.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, all indicators.
    target : Series of bool
        What is to be told; same customers.
    leaks : list of str
        Indicators that know the target already.
    first : list of str
        Indicators that are recorded first; the others follow in the order of the table.

    Returns
    -------
    Explorer
        Controls ``count`` (indicators recorded), ``learned`` (customers learned from) and ``keep`` (whether the leaks
        stay in).
    """
    if len(indicators) != len(target):
        raise TableError("target must have one value for each row of indicators.")
    names = [*first, *(name for name in indicators.columns if name not in set(first))]
    ranks = ndtri((rankdata(indicators[names].to_numpy(np.float64), axis=0) - 0.5) / len(indicators))
    happened = target.to_numpy(bool)
    mixed = np.random.default_rng(0).permutation(len(indicators))
    honest = ~np.isin(names, leaks)
    counts = np.unique(np.concatenate([[len(first)], np.arange(20, len(names) + 1, 20), [len(names)]]))
    most = min(1_200, 100 * (2 * len(indicators) // 300))
    scene = _Race(len(names))

    @cache
    def race(learned: int, keep: bool) -> tuple[Floats, Floats]:
        kept = np.ones(len(names), bool) if keep else honest
        with threadpool_limits(limits=1):
            return _race(ranks[mixed], happened[mixed], counts, learned, kept)

    def render(count: int, learned: int, keep: bool) -> Figure:
        seen, unseen = race(learned, keep)
        return scene.draw(counts, seen, unseen, count, learned, keep)

    controls = (
        Control("count", "Indicators recorded", "slider", 100, low=20, high=len(names) // 20 * 20, step=20),
        Control("learned", "Customers learned from", "slider", min(600, most), low=200, high=most, step=100),
        Control("keep", "Leave the leaking ones in", "switch", False),
    )
    return Explorer("indicator_lab", controls, render)


def _race(
    ranks: Floats, happened: npt.NDArray[np.bool_], counts: Ints, learned: int, kept: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return the area under the ROC curve on customers learned from and on others, for each number of indicators."""
    train, test = ranks[:learned], ranks[learned:]
    y = happened[:learned] - happened[:learned].mean()
    columns = np.flatnonzero(kept)
    train, test = train[:, columns], test[:, columns]
    # A least-squares line with hardly any penalty: it learns by heart as readily as people who look at 300 columns.
    # The factor for the first m columns is the corner of the factor for all, so one factorisation serves all counts.
    factor, _ = cho_factor(train.T @ train + 5.0 * np.eye(len(columns)), lower=True)
    half = solve_triangular(factor, train.T @ y, lower=True)
    seen, unseen = [], []
    for count in counts:
        use = int((columns < count).sum())
        weights = solve_triangular(factor[:use, :use], half[:use], lower=True, trans="T")
        seen.append(_area(train[:, :use] @ weights, happened[:learned]))
        unseen.append(_area(test[:, :use] @ weights, happened[learned:]))
    return np.array(seen), np.array(unseen)


def _area(score: Floats, happened: npt.NDArray[np.bool_]) -> float:
    """Return the share of pairs that a score ranks rightly."""
    place = rankdata(score)
    ones = int(happened.sum())
    zeros = len(happened) - ones
    return float((place[happened].sum() - ones * (ones + 1) / 2) / max(ones * zeros, 1))


class _Race:
    """Two curves over the number of indicators: names and scales are still."""

    def __init__(self, most: int) -> None:
        self._panel = Panel((0.1, 0.14, 0.87, 0.76), (0.0, most * 1.02), (0.5, 1.02))
        self._backdrop = Backdrop(self._still)

    def _still(self, figure: Figure) -> None:
        ax = self._panel.axes(figure)
        ax.set_xlabel(say("Indicators recorded"))
        ax.set_yticks([0.5, 0.6, 0.7, 0.8, 0.9, 1.0], ["50%", "60%", "70%", "80%", "90%", "100%"])
        ax.set_ylabel(say("Pairs of customers ranked rightly"))
        ax.set_title(say("Who will buy again?"))
        ax.grid(True, axis="y")

    def draw(self, counts: Ints, seen: Floats, unseen: Floats, count: int, learned: int, keep: bool) -> Figure:
        """Return the picture at one number of indicators."""
        here = int(np.argmin(np.abs(counts - count)))
        with matplotlib.rc_context(fresh_settings()):
            figure = self._backdrop.figure()
            self._panel.line(figure, [counts[here]] * 2, [0.5, 1.02], color=COLOURS["silver"], linewidth=1.5)
            for values, colour, dash in ((seen, "vermilion", (0, (5, 2))), (unseen, "blue", "-")):
                self._panel.line(figure, counts, values, color=COLOURS[colour], linewidth=2.2, linestyle=dash)
                self._panel.line(
                    figure, [counts[here]], [values[here]], marker="o", markersize=8, color=COLOURS[colour]
                )
            x = float(self._panel.across(self._panel.x[1] * 0.98))
            for text, colour, y in (
                (say("customers learned from: {share:.0%}", share=float(seen[here])), "vermilion", 0.255),
                (say("other customers: {share:.0%}", share=float(unseen[here])), "blue", 0.19),
            ):
                figure.text(x, y, text, ha="right", fontsize=11, fontweight="bold", color=COLOURS[colour])
        set_alt_text(
            figure,
            say(
                "With {count} indicators, {leaks}, a model that learned from {learned:,} customers ranks {seen:.1%} of "
                "their pairs rightly and {unseen:.1%} of the pairs of other customers.",
                count=int(counts[here]),
                leaks=say("leaking ones among them") if keep else say("without the leaking ones"),
                learned=learned,
                seen=float(seen[here]),
                unseen=float(unseen[here]),
            ),
        )
        return figure
