"""Frozen data sets are what the world makes, whole, and readable."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from crmlab import data
from crmlab.paths import datasets_folder
from crmlab.tables import vocabulary
from crmlab.world import Run, World, load_scenario, scenario_names
from crmlab.world.traps import TRAPS

NAMES = data.names()
TABLES = ("customers", "transactions", "order_lines", "products", "deliveries", "policy")
TRUTH = ("traits", "months", "customers")
# Elsewhere a repetition behind an expectation may take another turn on the last bit of a rate.
TOLERANCE = {"customers": {"rtol": 1e-3, "atol": 1e-2}}
USUAL_TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}  # the truth is written with six digits


def manifest(name: str) -> dict:
    return json.loads((datasets_folder() / name / "manifest.json").read_text("utf-8"))


def test_there_is_a_data_set_for_every_scenario() -> None:
    assert scenario_names() == NAMES


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("car_service", {"branches", "vehicles"}),
        ("cosmetics", set()),
        ("marketplace", {"accounts", "contacts"}),
        ("online_shop", set()),
        ("subscription", {"subscriptions"}),
    ],
)
def test_tables_of_the_kind_of_business_are_files(name, tables) -> None:
    loaded = data.load(name)
    stored = {table for table in data.OWN_TABLES if (datasets_folder() / name / f"{table}.csv").is_file()}
    assert stored == tables
    for table in tables:
        read, made = getattr(loaded, table), getattr(loaded.world.simulate(), table)
        categories = {c: str for c in read.columns if read[c].dtype == "category"}
        pd.testing.assert_frame_equal(read.astype(categories), made.astype(categories), check_dtype=False)


@pytest.fixture(scope="module", params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def rebuilt(name, tmp_path_factory) -> Path:
    made = manifest(name)
    return data.make(
        made["scenario"],
        tmp_path_factory.mktemp(name),
        **{key: made[key] for key in ("customers", "months", "seed", "luck_seed")},
    )


def test_files_are_those_of_the_manifest(name) -> None:
    folder = datasets_folder() / name
    made = manifest(name)
    for file, entry in made["files"].items():
        content = (folder / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], file
        assert len(pd.read_csv(folder / file)) == entry["rows"], file
    there = {str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file()}
    assert there == set(made["files"]) | {"manifest.json", "DICTIONARY.md", "DATASHEET.md", "traps.json"}


def test_rebuilding_gives_the_same(name, rebuilt) -> None:
    """The same bytes where the data set was made; elsewhere the same ids, and numbers that agree to a millionth."""
    folder = datasets_folder() / name
    for file in manifest(name)["files"]:
        if (rebuilt / file).read_bytes() == (folder / file).read_bytes():
            continue
        assert data.made_with() != manifest(name)["made_with"], f"{file}: make the data set again with crmlab.data.make"
        one, other = (pd.read_csv(place / file) for place in (folder, rebuilt))
        tolerance = TOLERANCE.get(Path(file).stem, USUAL_TOLERANCE) if file.startswith("truth/") else USUAL_TOLERANCE
        pd.testing.assert_frame_equal(one, other, **tolerance)
    assert (rebuilt / "DICTIONARY.md").read_text("utf-8") == (folder / "DICTIONARY.md").read_text("utf-8")


def test_load_gives_the_kind_of_object_that_a_run_is(name) -> None:
    loaded, made = data.load(name), manifest(name)
    assert isinstance(loaded, Run)
    again = World(made["scenario"], customers=made["customers"], months=made["months"], seed=made["seed"]).simulate()
    for table in TABLES:
        one, other = loaded.tables[table], again.tables[table]
        categories = {c: str for c in one.columns if one[c].dtype == "category"}
        pd.testing.assert_frame_equal(one.astype(categories), other.astype(categories), obj=table)
    for table in TRUTH:
        one, other = loaded.truth.tables[table], again.truth.tables[table]
        categories = {c: str for c in one.columns if one[c].dtype == "category"}
        tolerance = TOLERANCE.get(table, USUAL_TOLERANCE)
        pd.testing.assert_frame_equal(one.astype(categories), other.astype(categories), **tolerance, obj=table)
        assert list(one.columns) == list(vocabulary()[f"truth_{table}"].columns)
    assert loaded.truth.expected_value.index.equals(pd.Index(loaded.customers["customer_id"]))
    halfway = loaded.truth.expected(from_month=made["months"] // 2, horizon=3, replications=2)
    assert halfway.index.isin(loaded.customers["customer_id"]).all()
    cheaper = loaded.world.do(price=0.9, start=made["months"] - 2).simulate()
    assert cheaper.transactions["net"].iloc[0] == loaded.transactions["net"].iloc[0]


def test_the_dictionary_explains_every_column(name) -> None:
    text = (datasets_folder() / name / "DICTIONARY.md").read_text("utf-8")
    for file in manifest(name)["files"]:
        section = text.split(f"## {file}\n")[1].split("\n## ")[0]
        table = ("truth_" if file.startswith("truth/") else "") + Path(file).stem
        for column in vocabulary()[table].columns.values():
            assert f"| `{column.name}` | {column.meaning} |" in section


def test_traps_and_datasheet(name) -> None:
    folder = datasets_folder() / name
    traps = json.loads((folder / "traps.json").read_text("utf-8"))
    assert [trap["trap"] for trap in traps] == list(TRAPS)
    sheet = (folder / "DATASHEET.md").read_text("utf-8")
    for trap in traps:
        assert f"| {trap['trap']} |" in sheet
        assert trap["answer"] in sheet
    for heading in ("What it is for", "How it was made", "What is fiction", "Traps"):
        assert f"## {heading}" in sheet
    for file, entry in manifest(name)["files"].items():
        assert f"| {file} | {entry['rows']:,} |" in sheet
    fiction = sheet.split("## What is fiction")[1].split("## Traps")[0]
    numbers = [entry for *_, entry, _ in load_scenario(name).numbers() if entry.kind in ("number", "numbers", "count")]
    assert sum(int(line.split()[1]) for line in fiction.splitlines() if line.startswith("- ")) == len(numbers)


def test_data_sets_are_small() -> None:
    size = sum(path.stat().st_size for path in datasets_folder().rglob("*") if path.is_file())
    assert size < 20e6 / 2, "half of what the repository allows for data and notebooks"


def test_describe() -> None:
    text = data.describe("cosmetics")
    assert "A direct seller of cosmetics" in text
    assert "orders per month" in text
    assert "Frozen data set: 1,000 customers on the first day" in text


def test_make_from_a_file_of_ones_own(tmp_path) -> None:
    source = Path(data.__file__).parent / "world" / "scenarios" / "cosmetics.toml"
    mine = tmp_path / "my_shop.toml"
    mine.write_text(source.read_text("utf-8").replace("margin = 0.55", "margin = 0.25"), "utf-8")
    folder = data.make(mine, tmp_path / "out", customers=40, months=3, seed=1)
    loaded = data.load(str(folder))
    assert loaded.world.scenario.firm.margin == 0.25
    ratio = loaded.transactions["cost"].sum() / loaded.transactions["gross"].sum()
    assert ratio == pytest.approx(0.75, abs=0.01)
    assert loaded.truth.expected(from_month=2, horizon=2, replications=2).shape[1] == 4


def test_unknown_data_set() -> None:
    with pytest.raises(
        ValueError, match=r"there is no such data set; there are .*cosmetics.* Did you mean 'cosmetics'"
    ):
        data.load("cosmetic")
