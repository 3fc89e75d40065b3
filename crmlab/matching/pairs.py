"""Pairs of records that may be one person, with a probability: the model of Fellegi and Sunter, run by splink."""

from __future__ import annotations

import contextlib
import logging
import unicodedata
from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd

from crmlab.tables import require_columns

FIELDS = ("first_name", "last_name", "email", "phone", "street", "postcode", "city")
"""Columns of `contact_details` that are compared."""

COMPARED = ("first_name", "last_name", "email", "phone", "address")
"""Fields that speak for or against a pair: the address is street and postcode."""

# Only pairs that agree in one of these are looked at: all pairs of 100,000 customers would be five billion.
BLOCKING = (
    ("phone",),
    ("email",),
    ("mail_name",),
    ("last_name", "first_name"),
    ("last_name", "postcode"),
    ("first_name", "street"),
    ("street", "postcode"),
)

# Two records with the same telephone, or the same name at the same address, are as good as certainly one person; such
# pairs are taken to be this share of all duplicates, which gives the prior probability of a match.
_CERTAIN = (("phone", "last_name"), ("first_name", "last_name", "street", "postcode"), ("email",))
_CERTAIN_SHARE = 0.6

# Each pass learns the fields that it does not hold equal.
# Not the address: who lives together is a family more often than one person, and
# would teach that first names hardly matter.
_PASSES = (("first_name", "last_name"), ("phone", "last_name"))

_SAMPLE = 300_000
"""Random pairs from which chance agreement is learned."""


def tidy_contacts(contacts: pd.DataFrame) -> pd.DataFrame:
    """Return contact details in one spelling: small letters, no accents, digits of telephones only.

    What is left after this is a real difference between two records. The original table stays as it is.

    Parameters
    ----------
    contacts : DataFrame
        With the columns of the table `contact_details`.

    Returns
    -------
    DataFrame
        ``customer_id``; the seven fields as text or missing; ``mail_name``, the letters of the e-mail address before
        digits and @; ``address``, street and postcode.

    Raises
    ------
    TableError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"customer_id": 7, "first_name": "Zoë ", "last_name": "DE VRIES", "email": "Zoe.DeVries81@example.com",
    ...        "phone": "+999 123-45", "street": "Elm Lane  5", "postcode": "0123", "city": None}
    >>> tidy = tidy_contacts(pd.DataFrame([row])).iloc[0]
    >>> tidy[["first_name", "last_name", "phone", "mail_name", "address"]].to_list()
    ['zoe', 'de vries', '99912345', 'zoe.devries', 'elm lane 5 0123']
    """
    require_columns(contacts, ["customer_id", *FIELDS], table="contact_details")
    tidy: dict[str, Any] = {"customer_id": contacts["customer_id"].to_numpy()}
    for field in FIELDS:
        text = contacts[field].astype("string").fillna("").map(_plain)
        if field == "phone":
            text = text.str.replace(r"\D", "", regex=True)
        tidy[field] = _missing(text)
    tidy["mail_name"] = _missing(
        contacts["email"].astype("string").fillna("").map(_plain).str.extract(r"^([^@\d]+)")[0]
    )
    address = pd.Series(tidy["street"]) + " " + pd.Series(tidy["postcode"])
    tidy["address"] = _missing(address)
    return pd.DataFrame(tidy)


def _plain(text: str) -> str:
    """Return a text in small letters without accents and superfluous spaces; Chinese stays Chinese."""
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(sign for sign in letters if not unicodedata.combining(sign)).casefold().split())


def _missing(text: pd.Series) -> pd.Series:
    return text.astype(object).where(text.notna() & (text != ""), None)


def duplicate_pairs(contacts: pd.DataFrame, *, lowest: float = 0.01, seed: int = 1) -> pd.DataFrame:
    """Return the pairs of records that may belong to one person, the most probable first.

    Nobody has to say beforehand which records belong together. How often a field agrees by chance is learned from
    random pairs; how often it agrees within one person, from pairs that agree in other fields
    (expectation–maximisation).
    Rare values count more than common ones. The same file gives the same pairs; nothing leaves the machine.

    Parameters
    ----------
    contacts : DataFrame
        With the columns of the table `contact_details`: one row per record, ``customer_id`` unique.
    lowest : float, default 0.01
        Pairs less probable than this are left out.
    seed : int
        Of the random pairs.

    Returns
    -------
    DataFrame
        ``customer_id`` and ``other_id`` (the smaller id first), ``probability`` that both are one person, and the
        evidence in ``bits``: what each field says for it (or against it, below 0) in ``…_bits``, and together with how
        rare duplicates are. One bit doubles the odds; a missing field says nothing.

    Raises
    ------
    TableError
        If a column is missing.
    ValueError
        If ids occur twice, or `lowest` is not between 0 and 1.

    References
    ----------
    Fellegi & Sunter (1969), Journal of the American Statistical Association 64; Linacre et al. (2022), Splink,
    International Journal of Population Data Science 7(3).
    """
    if not 0 <= lowest <= 1:
        raise ValueError(f"lowest={lowest!r} must lie between 0 and 1")
    records = tidy_contacts(contacts)
    if records["customer_id"].duplicated().any():
        raise ValueError("contacts: each customer_id may stand in one row only")
    if len(records) < 2:
        return _as_pairs(pd.DataFrame())
    with _quiet(), duckdb.connect() as connection:
        connection.execute("SET threads = 1")  # sums in another order would change the last digits
        return _as_pairs(_scored(records, connection, lowest, seed))


def _scored(records: pd.DataFrame, connection: duckdb.DuckDBPyConnection, lowest: float, seed: int) -> pd.DataFrame:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    # Records get the numbers of their rows as ids: a firm's own may be texts of any kind.
    table = records.assign(row=range(len(records)))
    ids = records["customer_id"].to_numpy()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="row",
        # One pair in the whole file, where no certain pair says more.
        probability_two_random_records_match=2 / (len(records) * (len(records) - 1)),
        comparisons=_comparisons(),
        blocking_rules_to_generate_predictions=[block_on(*fields) for fields in BLOCKING],
        retain_intermediate_calculation_columns=True,
        retain_matching_columns=False,
    )
    linker = Linker(DuckDBAPI(connection=connection).register(table), settings, log_level=None)
    certain = [fields for fields in _CERTAIN if _agreeing(records, fields)]
    if certain:
        rules: list[Any] = [block_on(*fields) for fields in certain]
        linker.training.estimate_probability_two_random_records_match(rules, recall=_CERTAIN_SHARE)
    linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLE, seed=seed)
    for fields in _PASSES:
        if _agreeing(records, fields):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*fields), fix_probability_two_random_records_match=False
            )
    found = linker.inference.predict(threshold_match_probability=lowest).as_pandas_dataframe()
    left, right = ids[found["row_l"]], ids[found["row_r"]]
    return found.assign(left=left, right=right)


def _comparisons() -> list[Any]:
    import splink.comparison_library as library

    return [
        library.JaroWinklerAtThresholds("first_name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
        library.JaroWinklerAtThresholds("last_name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
        # The same or nothing: what stands before the @ is mostly the name once more, and would be counted twice.
        library.ExactMatch("email"),
        library.DamerauLevenshteinAtThresholds("phone", [2]),
        # Street and postcode together: who shares one mostly shares the other, and two fields would count that twice.
        library.JaroWinklerAtThresholds("address", [0.95]).configure(term_frequency_adjustments=True),
    ]


def _agreeing(records: pd.DataFrame, fields: tuple[str, ...]) -> bool:
    """Tell whether any two records agree in all of these fields: without a pair there is nothing to learn from."""
    return bool(records.dropna(subset=list(fields)).duplicated(list(fields)).any())


def _as_pairs(found: pd.DataFrame) -> pd.DataFrame:
    names = ["customer_id", "other_id", "probability", "bits", *(f"{field}_bits" for field in COMPARED)]
    if found.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in names})
    first = found["left"] <= found["right"]
    pairs = {
        "customer_id": found["left"].where(first, found["right"]),
        "other_id": found["right"].where(first, found["left"]),
        "probability": found["match_probability"],
        "bits": found["match_weight"],
    }
    # What a rare value adds is a column of its own in splink, where it is asked for.
    for field in COMPARED:
        rare = found.get(f"mw_tf_adj_{field}", 0.0)
        pairs[f"{field}_bits"] = found[f"mw_{field}"] + rare
    table = pd.DataFrame(pairs).sort_values(["bits", "customer_id", "other_id"], ascending=[False, True, True])
    return table.reset_index(drop=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep splink's reports of its progress from a reader's notebook."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
