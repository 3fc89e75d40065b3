"""Large worlds come in parts: the same rows as in memory, the same bytes after a kill, nothing of others touched."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from crmlab.cli import main
from crmlab.large import LargeWorldError, write_large
from crmlab.large.tables import is_personal
from crmlab.tables import vocabulary
from crmlab.world import World

CUSTOMERS, MONTHS, SIZE = 500, 4, 120  # four parts


@pytest.fixture(scope="module")
def world() -> World:
    return World("cosmetics", customers=CUSTOMERS, months=MONTHS, seed=5).do(promotion=0.1, start=2)


@pytest.fixture(scope="module")
def written(world, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("large") / "world"
    return write_large(world, folder, truth=("traits", "months"), part_size=SIZE)


def files_of(folder: Path) -> dict[str, str]:
    """Return the hash of every file."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def in_sequence(name: str, table: pd.DataFrame) -> pd.DataFrame:
    key = list(vocabulary()[name].key)
    kinds = {column: str for column in table.columns if table[column].dtype == "category"}
    kinds |= {column: "Int64" for column in table.columns if str(table[column].dtype) in ("int16", "Int16", "Int8")}
    dates = {column: "datetime64[s]" for column in table.columns if table[column].dtype.kind == "M"}
    return table.sort_values(key, ignore_index=True).astype(kinds | dates)


def test_the_parts_together_are_the_world(world, written) -> None:
    run = world.simulate()
    tables = {name: (name, name, table) for name, table in run.tables.items()}
    tables |= {
        f"truth/{name}": (f"truth/{name}", f"truth_{name}", getattr(run.truth, name)) for name in ("traits", "months")
    }
    for place, name, table in tables.values():
        path = written / (place if is_personal(name) else f"{place}.parquet")
        one, other = in_sequence(name, pd.read_parquet(path)), in_sequence(name, table)
        nullable = {column: other[column].dtype for column in other if str(other[column].dtype) in ("Int64", "boolean")}
        pd.testing.assert_frame_equal(one.astype(nullable), other, obj=name, check_dtype=False)


def test_manifest_names_every_file(written) -> None:
    manifest = json.loads((written / "manifest.json").read_text("utf-8"))
    hashes = files_of(written)
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == hashes[name], name
        assert entry["rows"] == len(pd.read_parquet(written / name)), name
    others = ("manifest.json", "plan.json", "DICTIONARY.md")
    visible = {name for name in hashes if not name.startswith(".") and name not in others}
    assert "| `net` | Charged to the customer" in (written / "DICTIONARY.md").read_text("utf-8")
    assert visible == set(manifest["files"])
    assert (manifest["customers"], manifest["months"], manifest["seed"]) == (CUSTOMERS, MONTHS, 5)


def test_processes_write_the_same_bytes(world, written, tmp_path) -> None:
    write_large(world, tmp_path / "two", truth=("traits", "months"), part_size=SIZE, processes=2)
    assert files_of(tmp_path / "two") == files_of(written)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is of Unix")
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_kill_in_the_middle_leaves_no_trace(tmp_path, processes) -> None:
    code = (
        "import sys; from crmlab.large import write_large; from crmlab.world import World\n"
        "if __name__ == '__main__':\n"
        "    world = World('cosmetics', customers=1500, months=6, seed=1)\n"
        f"    write_large(world, sys.argv[1], part_size=125, processes={processes})\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code, "utf-8")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, str(script), str(killed)])
    deadline = time.monotonic() + 120
    while not list((killed / ".parts").glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {path: path.stat().st_mtime_ns for path in (killed / ".parts").glob("*.json")}
    assert 0 < len(finished) < 12, "killed in the middle"
    # What a kill between two steps may leave: a file without a record, and half a file under another name.
    (killed / "transactions" / "part-00010.parquet").write_bytes(b"half")
    (killed / ".unfinished").mkdir(exist_ok=True)
    (killed / ".unfinished" / "transactions--part-00010.parquet").write_bytes(b"ha")
    for folder in (killed, whole):
        subprocess.run([sys.executable, str(script), str(folder)], check=True)
    assert files_of(killed) == files_of(whole)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "a finished part is never written again"
    assert not (killed / ".unfinished").exists()


def test_another_world_in_the_same_folder_is_refused(world, written) -> None:
    before = files_of(written)
    same = {"truth": ("traits", "months"), "part_size": SIZE}
    with pytest.raises(LargeWorldError, match="begun as another world: months was 4 and is now 5"):
        write_large(World("cosmetics", customers=CUSTOMERS, months=5, seed=5), written, **same)
    with pytest.raises(LargeWorldError, match="policy_hash"):
        write_large(World("cosmetics", customers=CUSTOMERS, months=MONTHS, seed=5), written, **same)
    with pytest.raises(LargeWorldError, match=r"truth was .* and is now"):
        write_large(world, written, part_size=SIZE)
    with pytest.raises(ValueError, match="there is no table 'trait'; there are traits, months, customers"):
        write_large(world, written, truth=("trait",))
    write_large(world, written, **same)  # the same one again has nothing to do
    assert files_of(written) == before


def test_a_folder_of_the_users_stays_as_it_is(world, tmp_path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(LargeWorldError, match="is not empty and holds no large world"):
        write_large(world, mine)
    with pytest.raises(LargeWorldError, match="is a file"):
        write_large(world, mine / "notes.txt")
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_a_finished_file_that_was_changed_is_named(world, tmp_path) -> None:
    folder = write_large(world, tmp_path / "out", part_size=SIZE)
    (folder / "customers" / "part-00002.parquet").write_bytes(b"other")
    with pytest.raises(LargeWorldError, match=r"part-00002.parquet was changed or removed after it was finished"):
        write_large(world, folder, part_size=SIZE)
    (folder / ".parts" / "00002.json").unlink()
    write_large(world, folder, part_size=SIZE)
    assert len(pd.read_parquet(folder / "customers")) > CUSTOMERS


def test_command(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "big"
    call = ["data", "make", "cosmetics", "--out", str(out), "--customers", "60", "--months", "3", "--format", "parquet"]
    assert main([*call, "--truth", "none"]) == 0
    assert not (out / "truth").exists()
    assert capsys.readouterr().out.strip() == str(out)
    assert main(call) == 2
    assert "begun as another world: truth was [] and is now ['traits']" in capsys.readouterr().err
    assert main([*call, "--force"]) == 2
    assert "never overwritten" in capsys.readouterr().err
