"""Share of wallet: how much of what customers spend in a category stays with the firm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.tables import TableError, require_columns


def share_of_wallet(wallets: pd.DataFrame) -> pd.Series:
    """Return a firm's share of the market, split into how many buy, how much of their wallet, and how large it is.

    Parameters
    ----------
    wallets : DataFrame
        Table ``wallets``, one row per buyer of the category, customer or not: ``spent_here`` and ``spent_category``
        (currency; here is part of it). From a survey or a panel: a firm's own log does not hold it.

    Returns
    -------
    Series
        ``penetration`` (share of the buyers who buy here), ``share_of_wallet`` (of these buyers' spending),
        ``usage`` (their mean wallet over that of all buyers), and their product ``market_share``.

    Raises
    ------
    TableError
        If a column is missing or amounts contradict one another.

    References
    ----------
    Cooil, Keiningham, Aksoy & Hsu (2007), A longitudinal analysis of customer satisfaction and share of wallet, Journal
    of Marketing 71(1). Sharp (2010), How Brands Grow: penetration moves more than share of wallet.

    Examples
    --------
    >>> panel = pd.DataFrame({"spent_here": [30.0, 0.0], "spent_category": [60.0, 40.0]})
    >>> share_of_wallet(panel)["market_share"].item()
    0.3
    """
    require_columns(wallets, ["spent_here", "spent_category"], table="wallets")
    here, whole = (wallets[name].to_numpy(dtype=float) for name in ("spent_here", "spent_category"))
    if not (np.isfinite(here).all() and np.isfinite(whole).all()) or (here < 0).any() or (here > whole).any():
        raise TableError("spent_here must lie between 0 and spent_category in every row, and nothing may be missing.")
    buys = here > 0
    if not buys.any():
        raise TableError("Nobody buys here: spent_here is 0 everywhere.")
    return pd.Series(
        {
            "penetration": buys.mean(),
            "share_of_wallet": here[buys].sum() / whole[buys].sum(),
            "usage": whole[buys].mean() / whole.mean(),
            "market_share": here.sum() / whole.sum(),
        },
        name="share_of_wallet",
    )
