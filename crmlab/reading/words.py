"""What shops write into a status column, and what it means for a sale."""

from __future__ import annotations

import numpy as np

from crmlab.reading.names import plain

# Compared by content: "Cancelled by customer" counts. "un" words come first, since "unpaid" holds "paid".
_WORDS = {
    "not_sold": (
        "cancel", "void", "failed", "declined", "expired", "abandon", "unpaid", "pending", "onhold", "draft",
        "取消", "交易关闭", "交易關閉", "已关闭", "已關閉", "待付款", "等待买家付款", "等待買家付款",
        "未付款", "付款失败", "付款失敗", "作废", "作廢",
    ),
    "returned": (
        "refund", "return", "chargeback", "chargedback", "退款", "退货", "退貨", "退单", "退單",
    ),
}  # fmt: skip
# A refund in part is not a sale undone; a refund that was refused is none.
_NOT_UNDONE = (
    "partial",
    "部分",
    "norefund",
    "notreturned",
    "拒绝退款",
    "拒絕退款",
    "无退款",
    "無退款",
    "没有申请退款",
    "退款关闭",
    "退款關閉",
)


def status_meaning(labels: np.ndarray) -> np.ndarray:
    """Return ``"sold"``, ``"not_sold"`` or ``"returned"`` for each status text.

    Examples
    --------
    >>> status_meaning(np.array(["Completed", "Cancelled", "partially_refunded", "Refunded", "交易关闭"])).tolist()
    ['sold', 'not_sold', 'sold', 'returned', 'not_sold']
    """
    result = []
    for label in labels:
        text = plain(str(label))
        undone = not any(word in text for word in _NOT_UNDONE)
        found = next((m for m, words in _WORDS.items() if undone and any(word in text for word in words)), "sold")
        result.append(found)
    return np.array(result, dtype=object)


def cancellation_prefixes(orders: np.ndarray, negative: np.ndarray, positive: np.ndarray) -> list[str]:
    """Return the letters that mark an order number as a cancellation, such as ``C`` in ``C536379``.

    A prefix is believed when at least 95% of its rows are negative and there are orders without it.

    Parameters
    ----------
    orders : ndarray of str, shape (n,)
        Distinct order numbers.
    negative, positive : ndarray of int, shape (n,)
        How many rows of each order are negative and positive.

    Examples
    --------
    >>> cancellation_prefixes(np.array(["536379", "C536379"]), np.array([0, 1]), np.array([3, 0]))
    ['C']
    """
    totals: dict[str, list[int]] = {}
    for label, minus, plus in zip(orders, negative, positive, strict=True):
        prefix = _prefix(str(label))
        count = totals.setdefault(prefix, [0, 0])
        count[0] += int(minus)
        count[1] += int(plus)
    if totals.get("", [0, 0])[1] == 0 and len(totals) < 2:
        return []
    return sorted(
        prefix for prefix, (minus, plus) in totals.items() if prefix and minus > 0 and minus >= 0.95 * (minus + plus)
    )


def _prefix(order: str) -> str:
    """Return the letters in front of the digits of an order number.

    >>> _prefix("C536379"), _prefix("536379"), _prefix("R-17")
    ('C', '', 'R-')
    """
    digits = next((i for i, sign in enumerate(order) if sign.isdigit()), len(order))
    return order[:digits] if digits < len(order) else ""


def has_prefix(orders: np.ndarray, prefixes: list[str]) -> np.ndarray:
    """Tell for each order number whether its letters are among `prefixes`."""
    return np.array([_prefix(str(label)) in prefixes for label in orders], dtype=bool)


def option(argument: str, flag: str) -> str:
    """Name an option for both kinds of reader: of `read_transactions` in Python, and of the command line.

    >>> option("order=…", "--order")
    'order=… (--order on the command line)'
    """
    return f"{argument} ({flag} on the command line)"
