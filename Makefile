# crmlab: `make lab` opens the course, `make test` checks it; `make help` lists the rest.
# Every command first brings the environment in .venv up to date (scripts/setup_environment.py); when it is, that takes
# a fraction of a second. All paths are relative, so that a clone works in any folder, whatever its name.

RUN = .venv/bin/python
# Options for JupyterLab, such as LAB_OPTIONS="--no-browser --port=8899".
LAB_OPTIONS =
# Options for pytest, such as PYTEST_OPTIONS="-k grading". Two processes: the project is to be checked on two cores.
PYTEST_OPTIONS =
WORKERS = 2
# Each process begins with one half of the files and takes over from the other when it is through: files stay together,
# so that what they share is made once, and no long file keeps one core busy at the end.
PARALLEL = --numprocesses $(WORKERS) --dist worksteal

.PHONY: help lab test validate notebooks bench lint format compat lock environment clean
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

environment:  ## make or mend .venv with the pinned versions (PYTHON=python3.12 chooses a Python)
	@python=$$(PYTHON="$(PYTHON)" sh scripts/find_python.sh) && \
	"$$python" scripts/setup_environment.py $(if $(PYTHON),--exactly-this-python)

lab: environment  ## open the course in JupyterLab, in a copy of its own (crmlab-course)
	@exec $(RUN) -m crmlab.cli lab -- $(LAB_OPTIONS)

test: lint  ## everything that is short: style, types, architecture, tests, notebooks
	$(RUN) -m pytest $(PARALLEL) $(PYTEST_OPTIONS)

validate: environment  ## the long checks: statistics, properties on many examples, newest Python, lowest versions
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r validation/requirements.txt || \
	echo "PySpark could not be installed; its tests are skipped"
	$(RUN) -m pytest $(PARALLEL) -m "slow or hypothesis" --hypothesis-profile=thorough tests validation $(PYTEST_OPTIONS)
	$(RUN) scripts/compatibility.py

notebooks: environment  ## regenerate all notebooks from notebooks/source
	$(RUN) -m crmlab.cli course build

bench: environment  ## speed and memory, as tables
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(RUN) "$$benchmark" || exit 1; done

lint: environment  ## style, types and architecture
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-logo

format: environment  ## put the code in the project's form
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

compat: environment  ## the tests on the lowest declared versions and on every other Python that is here
	$(RUN) scripts/compatibility.py --all

lock:  ## pin the newest versions that pyproject.toml allows (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	uv pip compile pyproject.toml --universal --all-extras --upgrade --no-annotate --no-header --no-emit-index-url \
	    --no-emit-find-links --quiet --output-file requirements.lock

clean:  ## remove the environment and everything else that is generated and not committed
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache artefacts build dist
	find crmlab tests validation benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
