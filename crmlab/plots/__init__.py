"""Pictures of customers: tables in, Axes out.

Every function draws into the `ax` it is given or into a new figure of its own, and returns the Axes. None shows a
window, uses pyplot or changes ``rcParams``. Each picture carries a description in words, made from the same data:
`alt_text` reads it, `to_svg` and `to_png` write pictures that come out the same every time.
"""

from crmlab.plots.canvas import COLOURS
from crmlab.plots.causes import stated_and_true, survival
from crmlab.plots.concentration import abc, lorenz, rank_change
from crmlab.plots.grades import rfm_grid, zones
from crmlab.plots.leaving import leaving_by, leaving_calibration
from crmlab.plots.lifetime import bucket, calibration, keeping, order_counts
from crmlab.plots.months import cohorts, revenue
from crmlab.plots.offers import need_priorities, part_worths
from crmlab.plots.pictures import alt_text, register_alt_text_display, set_alt_text, to_png, to_svg
from crmlab.plots.segments import segment_profile

__all__ = [
    "COLOURS",
    "abc",
    "alt_text",
    "bucket",
    "calibration",
    "cohorts",
    "keeping",
    "leaving_by",
    "leaving_calibration",
    "lorenz",
    "need_priorities",
    "order_counts",
    "part_worths",
    "rank_change",
    "register_alt_text_display",
    "revenue",
    "rfm_grid",
    "segment_profile",
    "set_alt_text",
    "stated_and_true",
    "survival",
    "to_png",
    "to_svg",
    "zones",
]
