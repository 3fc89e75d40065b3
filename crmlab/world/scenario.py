"""Scenarios: what kind of business, as numbers with a unit and a source each.

A scenario is a TOML file. What it may say stands in ``schema.toml`` beside this file; where a number comes from stands
in the comment behind it, ``# unit | source``. An instructor copies a file, edits it and gives its path to
`crmlab.World`.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from crmlab.tables import nearest


class ScenarioError(ValueError):
    """A scenario says something impossible; the message names the key, the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the schema says about one key.

    Attributes
    ----------
    kind : str
        ``number``, ``count``, ``numbers`` (a list), ``text``, ``date`` or ``names``.
    unit : str
        Unit of measurement, empty where there is none.
    smallest, largest : float
        Ends of the allowed range, both included.
    meaning : str
        What the value says, in one sentence.
    """

    kind: str
    unit: str
    smallest: float
    largest: float
    meaning: str


class Section(Mapping[str, Any]):
    """One section of a scenario: ``section.key`` and ``section["key"]`` are the same value."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {key: Section(value) if isinstance(value, dict) else value for key, value in values.items()}
        # Plain attributes, since the simulator reads some tens of numbers for each block and month.
        self.__dict__.update({key: value for key, value in self._values.items() if not hasattr(type(self), key)})

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):  # pickling asks for these before there are any values
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            raise AttributeError(f"no key {key!r}; there are {', '.join(self._values)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Scenario(Section):
    """A checked scenario: ``scenario.traits.order_rate_mean`` and so on.

    Parameters
    ----------
    values : mapping
        Sections of keys and values, as a TOML file gives them.
    name : str
        Short name, such as ``"cosmetics"``.
    sources : mapping of str to str, optional
        Where each number comes from, by ``section.key``.

    Raises
    ------
    ScenarioError
        If a key is unknown or missing, or a value has the wrong type or lies outside its range.
    """

    def __init__(self, values: Mapping[str, Any], *, name: str, sources: Mapping[str, str] | None = None) -> None:
        _check(values)
        super().__init__(values)
        self._name = name
        self._raw = dict(values)
        self._sources = dict(sources or {})

    @property
    def name(self) -> str:
        """Short name."""
        return self._name

    @property
    def start_date(self) -> datetime.date:
        """First day of month 0."""
        return self.firm.start_date

    def with_values(self, changes: Mapping[str, Any]) -> Scenario:
        """Return a copy with some values changed.

        Parameters
        ----------
        changes : mapping of str to value
            New values by ``"section.key"``.

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            If a key is unknown or a value not allowed.

        Examples
        --------
        >>> load_scenario("cosmetics").with_values({"firm.coupling": 0.0}).firm.coupling
        0.0
        """
        values = _copy(self._raw)
        for path, value in changes.items():
            *sections, key = path.split(".")
            target = values
            for section in sections:
                target = target.setdefault(section, {})
            target[key] = value
        return Scenario(values, name=self._name, sources={k: v for k, v in self._sources.items() if k not in changes})

    def numbers(self) -> Iterator[tuple[str, Any, Entry, str]]:
        """Give every value with its path, schema entry and source."""
        for path, value in _flatten(self._raw):
            yield path, value, _entry(path), self._sources.get(path, "no source given")

    def idle_levers(self) -> dict[str, str]:
        """Return the levers that change nothing in this business as long as nothing else is changed, each with why.

        Returns
        -------
        dict of str to str

        Examples
        --------
        >>> load_scenario("online_shop").idle_levers()
        {'reward': 'the loyalty programme does not run (lever programme = 0)'}
        """
        idle = {}
        if self.levers.programme == 0:
            idle["reward"] = "the loyalty programme does not run (lever programme = 0)"
        if self.traits.email_consent == 0:
            idle["emails"] = "nobody allows e-mail (traits.email_consent = 0)"
        return idle

    def describe(self) -> str:
        """Return the scenario in words: one line a number, with unit, meaning and source.

        Returns
        -------
        str
            Several lines of text.
        """
        lines = [f"{self._name}: {self.firm.name}.", ""]
        section = ""
        for path, value, entry, source in self.numbers():
            here, key = path.rsplit(".", 1)
            if here != section:
                lines += ["", f"[{here}]"]
                section = here
            unit = f" {entry.unit}" if entry.unit else ""
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            where = f" ({source})" if entry.kind in {"number", "numbers", "count"} else ""
            lines.append(f"  {key} = {shown}{unit}: {entry.meaning}{where}")
        idle = "; ".join(f"{lever}, since {why}" for lever, why in self.idle_levers().items())
        return "\n".join(lines + (["", f"Levers that do nothing unless others are changed: {idle}."] if idle else []))


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with crmlab."""
    folder = resources.files("crmlab.world").joinpath("scenarios")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_scenario(scenario: str | Path | Scenario) -> Scenario:
    """Return a scenario by name or from a file.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a scenario that comes with crmlab, path of a TOML file, or a scenario (returned as it is).

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        If there is no such scenario, or the file says something impossible.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if str(scenario).endswith(".toml"):
        path = Path(scenario)
        if not path.is_file():
            raise ScenarioError(f"There is no scenario file {str(path)!r} (looked in {Path.cwd()}).")
        return _parse(path.read_text(encoding="utf-8"), name=path.stem)
    if scenario not in scenario_names():
        known = ", ".join(scenario_names())
        guess = nearest(str(scenario), scenario_names())
        hint = f" Did you mean {guess!r}?" if guess else ""
        raise ScenarioError(
            f"scenario={scenario!r} is unknown; there are {known}, or give the path of a .toml file.{hint}"
        )
    text = resources.files("crmlab.world").joinpath("scenarios", f"{scenario}.toml").read_text(encoding="utf-8")
    return _parse(text, name=str(scenario))


@cache
def schema() -> dict[str, Any]:
    """Return the schema of scenarios as nested sections of `Entry`."""
    raw = tomllib.loads(resources.files("crmlab.world").joinpath("schema.toml").read_text(encoding="utf-8"))

    def entries(section: Mapping[str, Any]) -> dict[str, Any]:
        return {key: Entry(*value) if isinstance(value, list) else entries(value) for key, value in section.items()}

    return entries(raw)


def _parse(text: str, *, name: str) -> Scenario:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"Scenario {name!r} is not valid TOML: {error}.") from error
    return Scenario(values, name=name, sources=_sources(text))


_SECTION = re.compile(r"^\[([^\]]+)\]")
_NUMBER = re.compile(r'^"?([\w~]+)"?\s*=\s*(?:-?[\d.]+|\[[-\d., ]+\])\s*#\s*(.*)$')


def _sources(text: str) -> dict[str, str]:
    """Read the comments ``# unit | source`` behind the numbers."""
    found, section = {}, ""
    for line in text.splitlines():
        if match := _SECTION.match(line):
            section = match[1].strip()
        elif match := _NUMBER.match(line):
            found[f"{section}.{match[1]}"] = match[2].rpartition("|")[2].strip()
    return found


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in values.items()}


def _entry(path: str) -> Entry:
    found: Any = schema()
    for part in path.split("."):
        if not isinstance(found, dict) or not (part in found or "*" in found):
            inside = f" in [{path.rsplit('.', 1)[0]}]" if "." in path else ""
            known = [key for key in found if key != "*"] if isinstance(found, dict) else []
            guess = nearest(part, known)
            hint = f" Did you mean {guess!r}?" if guess else ""
            raise ScenarioError(f"Unknown key {part!r}{inside}; allowed are {', '.join(known)}.{hint}")
        found = found[part] if part in found else found["*"]
    if not isinstance(found, Entry):
        raise ScenarioError(f"[{path}] is a section with the keys {', '.join(found)}, not a value.")
    return found


def _check(values: Mapping[str, Any]) -> None:
    for path, value in _flatten(values):
        _check_value(path, value, _entry(path))
    _check_missing(values, schema(), "")
    start: datetime.date = values["firm"]["start_date"]
    if start.day != 1:
        raise ScenarioError(f"firm.start_date = {start} is impossible; it must be the first day of a month.")
    for lever in values["marketing_mix"]:
        if lever not in values["levers"]:
            raise ScenarioError(
                f"[marketing_mix.{lever}]: there is no such lever; there are {', '.join(values['levers'])}."
            )
    for section in ("segments", "channels", "categories"):
        if not values[section]:
            raise ScenarioError(f"[{section}] is empty; there must be at least one.")
    for section in ("channels", "categories", "four_c"):
        shares = (
            [entry["share"] for entry in values[section].values()]
            if section != "four_c"
            else [values["four_c"][c] for c in ("solution", "cost", "convenience", "communication")]
        )
        if abs(sum(shares) - 1.0) > 1e-6:
            raise ScenarioError(f"The shares in [{section}] add up to {sum(shares):.6g}; they must add up to 1.")


def _check_value(path: str, value: Any, entry: Entry) -> None:
    types: dict[str, tuple[type, ...]] = {
        "number": (int, float),
        "count": (int,),
        "text": (str,),
        "date": (datetime.date,),
        "names": (list,),
        "numbers": (list,),
    }
    right = isinstance(value, types[entry.kind]) and not isinstance(value, bool | datetime.datetime)
    if not right:
        raise ScenarioError(f"{path} = {value!r} is a {type(value).__name__}; it must be a {entry.kind}.")
    if entry.kind == "names" and not (value and all(isinstance(name, str) and name for name in value)):
        raise ScenarioError(f"{path} = {value!r}; it must be a list of at least one text.")
    if entry.kind == "numbers" and not (value and all(type(number) in (int, float) for number in value)):
        raise ScenarioError(f"{path} = {value!r}; it must be a list of at least one number.")
    numbers = value if entry.kind == "numbers" else [value] if entry.kind in {"number", "count"} else []
    for number in numbers:
        if not entry.smallest <= number <= entry.largest:
            unit = f" {entry.unit}" if entry.unit else ""
            raise ScenarioError(
                f"{path} = {number} is impossible; it must lie between {entry.smallest} and {entry.largest}{unit}."
            )
    if path.endswith("_cuts") and sorted(set(value)) != value:
        raise ScenarioError(f"{path} = {value} is impossible; each cut must be above the one before it.")


def _check_missing(values: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str) -> None:
    for key, entry in wanted.items():
        if key == "*":
            if isinstance(entry, dict):
                for name, section in values.items():
                    _check_missing(section, entry, f"{prefix}{name}.")
        elif key not in values:
            what = f"Key {prefix}{key} is" if isinstance(entry, Entry) else f"Section [{prefix}{key}] is"
            raise ScenarioError(f"{what} missing.")
        elif isinstance(entry, dict):
            _check_missing(values[key], entry, f"{prefix}{key}.")
