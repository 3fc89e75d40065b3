"""Seconds, peak memory and log-likelihood of logit and of individual part-worths, beside xlogit where it is there.

Usage: python benchmarks/needs.py [--peers PYTHON] [--respondents 2000] [--logit-only]

``--peers``, or the environment variable ``CRMLAB_PEERS``, names an interpreter that can import ``xlogit``; by default
this one is asked, and a peer that is not there is said to be missing.

Everybody answers ten tasks of four offers; twelve parameters, drawn per person from a normal population. Each contender
has a process of its own and reads the same arrays. ``CPU`` are seconds on all cores, ``fit MB`` what the fit needs at
its peak beyond what the process held just before, read from Linux. The logit is one problem with one answer. The
individual estimates are not: crmlab fits a population with all correlations and everybody's own part-worths,
xlogit's mixed logit a population without correlations, by 200 Halton draws a person, and no part-worths of persons.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TASKS, OFFERS, FEATURES = 10, 4, 12

COMMON = """
import gc, json, sys, time, warnings
import numpy as np, pandas as pd
warnings.filterwarnings("ignore")
def megabytes(line):  # "VmRSS" now, "VmHWM" at most since the last reset
    try:
        with open("/proc/self/status") as status:
            return next(int(row.split()[1]) / 1024 for row in status if row.startswith(line))
    except OSError:
        return float("nan")
def reset():
    try:
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")
    except OSError:
        pass
stored = np.load(sys.argv[1])
x, chosen, person = stored["x"], stored["chosen"], stored["person"]
case = np.repeat(np.arange(len(x) // 4), 4)
names = [f"x{k}" for k in range(x.shape[1])]
offer = np.tile(np.arange(4), len(x) // 4)
def measured(work):
    gc.collect()
    reset()
    held, start, clock = megabytes("VmRSS"), time.process_time(), time.perf_counter()
    result = work()
    spent = {"seconds": time.process_time() - start, "wall": time.perf_counter() - clock}
    return result, spent | {"fit_mb": megabytes("VmHWM") - held}
"""

LOGIT = {
    "crmlab": COMMON
    + """
from crmlab.needs import MultinomialLogit
table = pd.DataFrame(x, columns=names).assign(case=case, offer=offer, chosen=chosen)
def fit():
    return MultinomialLogit().fit(table, case=["case"], alternative="offer", chosen="chosen", features=names)
model, spent = measured(fit)
print(json.dumps(spent | {"level": model.log_likelihood_, "coef": model.coef_.tolist()}))
""",
    "xlogit": COMMON
    + """
from xlogit import MultinomialLogit
model = MultinomialLogit()
def fit():
    model.fit(X=x, y=chosen, varnames=names, ids=case, alts=offer, verbose=0)
spent = measured(fit)[1]
print(json.dumps(spent | {"level": float(model.loglikelihood), "coef": [float(b) for b in model.coeff_]}))
""",
}

PEOPLE = {
    "crmlab": COMMON
    + """
from crmlab.needs import Conjoint
table = pd.DataFrame(x, columns=names).assign(
    respondent=np.repeat(person, len(x) // len(person)), task=case, alternative=offer, chosen=chosen.astype(bool))
found, spent = measured(lambda: Conjoint(price=None, linear=names).fit(table))
print(json.dumps(spent | {"level": found.log_likelihood_, "coef": found.coef_.tolist(),
                          "own": found.individual_.to_numpy().ravel().round(6).tolist()}))
""",
    "xlogit": COMMON
    + """
from xlogit import MixedLogit
model = MixedLogit()
def fit():
    model.fit(X=x, y=chosen, varnames=names, ids=case, alts=offer, panels=np.repeat(person, 40), verbose=0,
              randvars={name: "n" for name in names}, n_draws=200, batch_size=200)
spent = measured(fit)[1]
print(json.dumps(spent | {"level": float(model.loglikelihood), "coef": [float(b) for b in model.coeff_][:len(names)]}))
""",
}


def answers(respondents: int, seed: int = 1) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return features, choices and persons, and the true tastes."""
    rng = np.random.default_rng(seed)
    mean = np.linspace(-1.0, 1.0, FEATURES)
    taste = mean + 0.6 * rng.standard_normal((respondents, FEATURES))
    x = rng.choice([-1.0, 0.0, 1.0], size=(respondents, TASKS, OFFERS, FEATURES))
    utility = np.einsum("ptak,pk->pta", x, taste) + rng.gumbel(size=x.shape[:3])
    chosen = (np.arange(OFFERS) == utility.argmax(axis=2)[..., None]).ravel().astype(int)
    return {"x": x.reshape(-1, FEATURES), "chosen": chosen, "person": np.arange(respondents)}, taste


def run(python: str, package: str, script: str, file: Path) -> dict | None:
    """Run one contender in a process of its own; None where it cannot be imported."""
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False).returncode:
        return None
    done = subprocess.run([python, "-c", script, str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def show(title: str, rows: dict[str, dict | None], taste: np.ndarray) -> None:
    """Print the table of one problem."""
    print(f"\n**{title}**\n")
    print("| | CPU s | wall s | fit MB | log-likelihood | correlation of own part-worths with the truth |")
    print("|---|---|---|---|---|---|")
    for name, row in rows.items():
        if row is None:
            print(f"| {name} | not installed | | | | |")
        elif "failed" in row:
            print(f"| {name} | failed: {row['failed'][:100]} | | | | |")
        else:
            own = ""
            if "own" in row:
                found = np.array(row["own"]).reshape(taste.shape)
                off, true = found - found.mean(axis=0), taste - taste.mean(axis=0)
                own = f"{np.corrcoef(off.ravel(), true.ravel())[0, 1]:.2f}"
            print(
                f"| {name} | {row['seconds']:.2f} | {row['wall']:.2f} | {row['fit_mb']:.0f} | "
                f"{row['level']:.3f} | {own} |"
            )
    sys.stdout.flush()


def main() -> None:
    """Print a table for each problem."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default=os.environ.get("CRMLAB_PEERS") or sys.executable)
    parser.add_argument("--respondents", type=int, default=2_000)
    parser.add_argument("--logit-only", action="store_true")
    given = parser.parse_args()
    data, taste = answers(given.respondents)
    count = f"{given.respondents * TASKS:,} tasks of {OFFERS} offers, {FEATURES} parameters"
    problems = {f"Multinomial logit: {count}": LOGIT}
    if not given.logit_only:
        problems[f"Individual part-worths of {given.respondents:,} respondents: {count}"] = PEOPLE
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.npz")
        np.savez(file, **data)
        for title, contenders in problems.items():
            rows = {
                name: run(sys.executable if name == "crmlab" else given.peers, name, script, file)
                for name, script in contenders.items()
            }
            show(title, rows, taste)


if __name__ == "__main__":
    main()
