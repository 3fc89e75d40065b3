"""Named random streams: a draw is a pure function of (seed, mechanism, month, draw, customer).

Nothing is kept between draws, so a result depends neither on the order in which customers are visited, nor on how they
are divided into blocks or processes, nor on which of them are simulated at all. Changing one mechanism leaves the draws
of every other as they were: two runs under two decisions share their luck.

A uniform has 23 random bits and lies on the odd multiples of 2⁻²⁴, all of which float32 holds exactly: with one bit
more the largest would round to 1, where an inverse distribution function is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

MECHANISMS: dict[str, int] = {
    # Frozen and append-only: a changed number changes every world ever made.
    "purchase": 1,
    "death": 2,
    "basket": 3,
    "quality": 4,
    "delay": 5,
    "failure": 6,
    "return": 7,
    "complaint": 8,
    "resolution": 9,
    "open": 10,
    "click": 11,
    "unsubscribe": 12,
    "refer": 13,
    "review": 14,
    "enrol": 15,
    "win_back": 16,
    "arrival": 17,
    "channel": 18,
    "likert": 19,
    "response": 20,
    "traits": 21,
    "structural": 22,
    "order_time": 23,
    "touch": 24,
    "demographics": 25,
    "needs": 26,
    "consent": 27,
    "catalogue": 28,
    "order_line": 29,
    "delivery": 30,
    "luck": 31,
    "crm_tier": 32,
    "survey": 33,
    "ticket": 34,
    "exit_survey": 35,
    "need": 36,
    "conjoint": 37,
    "maxdiff": 38,
    "prospect": 39,
    "email": 40,
    "touchpoint": 41,
    "indicator": 42,
    "vehicle": 43,
    "branch": 44,
    "account": 45,
    "subscription": 46,
    "person": 47,
    "dirt": 48,
    "campaign": 49,
    "staff": 50,
    "cost_to_serve": 51,
    "referrer": 52,
    "send": 53,
}
"""Number of each mechanism in the key of its draws."""

BLOCK = 16_384
"""Customers drawn at a time: 128 KiB of keys, which stay in a core's second-level cache."""

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLDEN = 0x9E37_79B9_7F4A_7C15  # 2⁶⁴ divided by the golden ratio: Steele, Lea & Flood (2014), SplitMix
_FIRST = 0xBF58_476D_1CE4_E5B9  # the two multipliers of Stafford's variant 13, used by SplitMix64
_SECOND = 0x94D0_49BB_1331_11EB

Integers = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]


def mix64(value: int) -> int:
    """Return the SplitMix64 finaliser of a 64-bit integer.

    Parameters
    ----------
    value : int
        Any integer; taken modulo 2⁶⁴.

    Returns
    -------
    int
        In [0, 2⁶⁴).

    References
    ----------
    Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.

    Examples
    --------
    >>> hex(mix64(0x9E3779B97F4A7C15))
    '0xe220a8397b1dcdaf'
    """
    value &= _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def derive_seed(seed: int, number: int) -> int:
    """Return the seed of the `number`-th independent repetition of the world with `seed`.

    Parameters
    ----------
    seed : int
        Any integer, negative ones too.
    number : int
        Which repetition.

    Returns
    -------
    int
        In [0, 2⁶⁴).
    """
    return _chain(mix64(seed + _GOLDEN), MECHANISMS["luck"], number)


def uniform(
    customers: Integers, *, seed: int, mechanism: str, month: int | Integers = 0, draw: int | Integers = 0
) -> Floats:
    """Draw one uniform number for each customer.

    Parameters
    ----------
    customers : integer array, shape (n,)
        Ids of the customers.
    seed : int
        Seed of the world.
    mechanism : str
        A name of `MECHANISMS`.
    month : int or integer array of shape (n,)
        Month of the simulation; may be negative (before its start).
    draw : int or integer array of shape (n,)
        Number of the draw within the month, such as the number of the order.

    Returns
    -------
    float32 array, shape (n,)
        In (0, 1), both ends excluded.

    Raises
    ------
    ValueError
        If `mechanism` is unknown.

    Examples
    --------
    >>> (uniform(np.arange(1, 4), seed=7, mechanism="purchase", month=3) * 2**24).tolist()
    [3600173.0, 11187823.0, 14179343.0]
    """
    out = np.empty(len(customers), dtype=np.float32)
    for part, x in _hashes(customers, seed, mechanism, month, draw):
        _to_unit_interval(x, out[part])
    return out


def uniform_pair(
    customers: Integers, *, seed: int, mechanism: str, month: int | Integers = 0, draw: int | Integers = 0
) -> tuple[Floats, Floats]:
    """Draw two independent uniform numbers for each customer, at little more than the price of one.

    The first is what `uniform` gives for the same arguments; the second comes from the 23 random bits below those of
    the first.

    Returns
    -------
    tuple of two float32 arrays, shape (n,)

    Examples
    --------
    >>> one, other = uniform_pair(np.arange(1, 4), seed=7, mechanism="purchase", month=3)
    >>> bool((one == uniform(np.arange(1, 4), seed=7, mechanism="purchase", month=3)).all())
    True
    """
    out = np.empty((2, len(customers)), dtype=np.float32)
    for part, x in _hashes(customers, seed, mechanism, month, draw):
        _to_unit_interval(x << np.uint64(23), out[1, part])
        _to_unit_interval(x, out[0, part])
    return out[0], out[1]


def normal(
    customers: Integers, *, seed: int, mechanism: str, month: int | Integers = 0, draw: int | Integers = 0
) -> Floats:
    """Draw one standard normal number for each customer; arguments as in `uniform`.

    Returns
    -------
    float32 array, shape (n,)
    """
    u = uniform(customers, seed=seed, mechanism=mechanism, month=month, draw=draw)
    return ndtri(u)


def poisson_quantile(u: Floats, mean: Floats, *, largest: int = 200) -> npt.NDArray[np.int32]:
    """Return Poisson counts by inversion: a higher mean never gives a smaller count for the same `u`.

    Parameters
    ----------
    u : float array, shape (n,)
        Uniform draws in (0, 1).
    mean : float array, shape (n,)
        Means, 0 or more.
    largest : int
        Counts stop here.

    Returns
    -------
    int32 array, shape (n,)

    Examples
    --------
    >>> poisson_quantile(np.array([0.1, 0.5, 0.9], np.float32), np.array([1.0, 1.0, 1.0], np.float32)).tolist()
    [0, 1, 2]
    """
    count = np.zeros(len(u), dtype=np.int32)
    # Float32 would underflow above a mean of 87 and loses the tail well before; few rows go on, so double costs little.
    rows = np.flatnonzero(u > 1 - mean)  # all who may have one, since 1 − m ≤ exp(−m), and a few more
    left, m = u[rows].astype(np.float64), mean[rows].astype(np.float64)
    term = np.exp(-m)
    left -= term
    for number in range(1, largest + 1):
        rows, left, m, term = _rest(left > 0.0, rows, left, m, term)
        if not len(rows):
            break
        count[rows] = number
        term *= m / number
        left -= term
    return count


def _hashes(
    customers: Integers, seed: int, mechanism: str, month: int | Integers, draw: int | Integers
) -> Iterator[tuple[slice, npt.NDArray[np.uint64]]]:
    """Give 64 random bits for each customer, part by part; the caller may overwrite them."""
    if mechanism not in MECHANISMS:
        raise ValueError(f"mechanism={mechanism!r} is unknown; allowed are {', '.join(MECHANISMS)}")
    start = _start(seed, mechanism)
    alike = np.ndim(month) == 0 and np.ndim(draw) == 0
    ids = np.ascontiguousarray(customers, dtype=np.int64).view(np.uint64)
    for low in range(0, len(ids), BLOCK):
        part = slice(low, low + BLOCK)
        x = ids[part] * np.uint64(_GOLDEN)
        if alike:
            x += np.uint64(_chain(start, int(month), int(draw)))
        else:
            x += _key_array(start, _part(month, part), _part(draw, part))
        _mix64_in_place(x)
        yield part, x


def _to_unit_interval(x: npt.NDArray[np.uint64], out: Floats) -> None:
    """Write (k + ½) 2⁻²³ for the 23 highest bits k of each hash, which are lost in it.

    The bits become the fraction of a number in [1, 2), from which 1 − 2⁻²⁴ is taken: exact, and faster than a
    conversion.
    """
    x >>= np.uint64(41)
    x |= np.uint64(0x3F80_0000)
    out.view(np.uint32)[:] = x
    out -= np.float32(1 - 2.0**-24)


def _rest(keep: npt.NDArray[np.bool_], *arrays: npt.NDArray) -> tuple[npt.NDArray, ...]:
    return tuple(array[keep] for array in arrays)


@lru_cache(maxsize=1024)
def _start(seed: int, mechanism: str) -> int:
    return mix64(mix64(seed + _GOLDEN) + MECHANISMS[mechanism] * _GOLDEN)


def _chain(start: int, *numbers: int) -> int:
    for number in numbers:
        start = mix64(start + number * _GOLDEN)
    return start


def _key_array(start: int, month: int | Integers, draw: int | Integers) -> npt.NDArray[np.uint64]:
    """Do what `_chain` does for arrays of months and draws."""
    key = np.atleast_1d(month).astype(np.uint64) * np.uint64(_GOLDEN) + np.uint64(start)
    _mix64_in_place(key)
    key = key + np.atleast_1d(draw).astype(np.uint64) * np.uint64(_GOLDEN)
    _mix64_in_place(key)
    return key


def _part(value: int | Integers, part: slice) -> int | Integers:
    return value if np.ndim(value) == 0 else value[part]  # type: ignore[index]


def _mix64_in_place(x: npt.NDArray[np.uint64]) -> None:
    shifted = x >> np.uint64(30)
    x ^= shifted
    x *= np.uint64(_FIRST)
    np.right_shift(x, np.uint64(27), out=shifted)
    x ^= shifted
    x *= np.uint64(_SECOND)
    np.right_shift(x, np.uint64(31), out=shifted)
    x ^= shifted
