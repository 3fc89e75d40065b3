"""crmlab installed by `pip install .` into a fresh environment, away from the checkout, is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.helpers import clean_environment, copy_project

CODE = """
import crmlab
from pathlib import Path
package = Path(crmlab.__file__).parent
assert "site-packages" in package.parts, package
assert crmlab.paths.datasets_folder() == package / "_course_files" / "datasets"
assert crmlab.paths.notebooks_folder() == package / "_course_files" / "notebooks"
for name in crmlab.__all__:
    getattr(crmlab, name)
assert "transactions" in crmlab.tables.vocabulary()
shops = ["car_service", "cosmetics", "marketplace", "online_shop", "subscription"]
assert crmlab.data.names() == shops
for name in shops:
    shop = crmlab.load(name)
    assert len(shop.transactions) > 500 and len(shop.truth.months) > 500, name
    assert crmlab.World(name, customers=20, months=2).simulate().transactions.shape[1] == shop.transactions.shape[1]
"""


def test_pip_install_of_the_folder(root: Path, tmp_path: Path) -> None:
    project = copy_project(root, tmp_path / "project")
    environment = tmp_path / "environment"
    python = environment / "bin" / "python"
    surroundings = clean_environment()
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "."], cwd=project, env=surroundings, check=True)
    subprocess.run([python, "-m", "pip", "check"], env=surroundings, check=True)
    subprocess.run([python, "-c", CODE], cwd=tmp_path, env=surroundings, check=True)
