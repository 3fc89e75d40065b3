"""Seconds, peak memory and log-likelihood of fitting BG/NBD, Pareto/NBD and gamma–gamma, beside peers that are there.

Usage: python benchmarks/lifetime.py [customers …, default 100000 1000000] [--peers PYTHON] [--models bg_nbd,pareto_nbd]

``--peers``, or the environment variable ``CRMLAB_PEERS``, names an interpreter that can import ``lifetimes`` and
``pymc_marketing``; by default this one is asked, and a peer that is not there is said to be missing. With peers, a
million customers take half an hour, nearly all of it theirs.

Each contender has a process of its own and reads the same file of order days, counted in weeks. ``CPU`` are seconds of
the fit alone, on all cores, after one on a few customers where a peer compiles. ``fit MB`` is what the fit needs at its
peak beyond what the process held just before, its table included; ``all MB`` is the whole process at that moment,
imports included. ``short by`` is how much lower the log-likelihood is than crmlab's: all are computed by crmlab from
the parameters found. Memory is read from Linux; elsewhere it is not known.
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

TRUTH = {  # CDNOW, Fader, Hardie & Lee (2005), in weeks
    "bg_nbd": {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "gamma_gamma": {"p": 6.25, "q": 3.744, "v": 15.44},
}

COMMON = """
import gc, json, sys, time
import numpy as np, pandas as pd
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
file, model = sys.argv[1:3]
"""

LOAD = """
stored = np.load(file)
data = pd.DataFrame({name: stored[name] for name in stored.files})
def measured(work):
    gc.collect()
    reset()
    held, start, clock = megabytes("VmRSS"), time.process_time(), time.perf_counter()
    result = work()
    seconds, wall = time.process_time() - start, time.perf_counter() - clock
    top = megabytes("VmHWM")
    return result, {"seconds": seconds, "wall": wall, "fit_mb": top - held, "all_mb": top}
def tell(names, values, **more):
    print(json.dumps({"params": dict(zip(names, map(float, values))), **more}))
"""

CONTENDERS = {
    "crmlab": COMMON
    + """
from crmlab.lifetime import BetaGeoNBD, GammaGamma, ParetoNBD
kind = {"bg_nbd": BetaGeoNBD, "pareto_nbd": ParetoNBD, "gamma_gamma": GammaGamma}[model]
"""
    + LOAD
    + """
fitted, spent = measured(lambda: kind().fit(data))
def forecast():
    return fitted.expected_value(data) if model == "gamma_gamma" else fitted.expected_orders(data, horizon=52.0)
predict = measured(forecast)[1]
tell(fitted.params_.index, fitted.params_, **spent, predict=predict["wall"], predict_mb=predict["fit_mb"])
""",
    "lifetimes": COMMON
    + """
import warnings
warnings.filterwarnings("ignore")
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter
kind = {"bg_nbd": BetaGeoFitter, "pareto_nbd": ParetoNBDFitter, "gamma_gamma": GammaGammaFitter}[model]
"""
    + LOAD
    + """
fitter = kind(penalizer_coef=0.0)
columns = [data["x"], data["mean_value"]] if model == "gamma_gamma" else [data["x"], data["t_x"], data["T"]]
spent = measured(lambda: fitter.fit(*columns))[1]
tell(fitter.params_.index, fitter.params_, **spent)
""",
    "pymc-marketing": COMMON
    + """
import logging, warnings
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
from pymc_extras.prior import Prior
from pymc_marketing.clv import BetaGeoModel, GammaGammaModel, ParetoNBDModel
kind = {"bg_nbd": BetaGeoModel, "pareto_nbd": ParetoNBDModel, "gamma_gamma": GammaGammaModel}[model]
names = {"bg_nbd": "r alpha a b", "pareto_nbd": "r alpha s beta", "gamma_gamma": "p q v"}[model].split()
"""
    + LOAD
    + """
table = data.rename(columns={"x": "frequency", "t_x": "recency", "mean_value": "monetary_value"})
table.insert(0, "customer_id", np.arange(len(table)))
flat = {name: Prior("HalfFlat") for name in names}
def fit(rows):
    fitted = kind(model_config=flat)
    fitted.fit(data=rows, method="map", progressbar=False)
    return fitted
fit(table.head(1000))  # compiles what can be cached
fitted, spent = measured(lambda: fit(table))
posterior = fitted.idata.posterior
tell(names, [posterior[name].mean().item() for name in names], **spent)
""",
}


def customers_of(model: str, count: int) -> dict[str, np.ndarray]:
    """Return histories of a quarter's new customers over 27 to 39 weeks, with orders on whole days."""
    from crmlab.lifetime import draw_histories

    rng = np.random.default_rng(1)
    if model == "gamma_gamma":
        table = draw_histories(model, TRUTH[model], rng.geometric(0.4, count), seed=rng)
        return {"x": table["x"].to_numpy(), "mean_value": table["mean_value"].round(2).clip(lower=0.01).to_numpy()}
    table = draw_histories(model, TRUTH[model], rng.integers(189, 273, count) / 7, seed=rng)
    t_x = np.where(table["x"] > 0, np.maximum(np.ceil(table["t_x"] * 7), 1) / 7, 0.0)
    return {"x": table["x"].to_numpy(), "t_x": t_x, "T": table["T"].to_numpy()}


def run(contender: str, python: str, file: Path, model: str) -> dict | None:
    """Run one contender in a process of its own; None where it cannot be imported."""
    package = {"pymc-marketing": "pymc_marketing"}.get(contender, contender)
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False).returncode:
        return None
    done = subprocess.run(
        [python, "-c", CONTENDERS[contender], str(file), model], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def likelihood(model: str, params: dict[str, float], data: dict[str, np.ndarray]) -> float:
    """Return the log-likelihood of some parameters."""
    from crmlab.lifetime import BetaGeoNBD, GammaGamma, ParetoNBD

    judge = {"bg_nbd": BetaGeoNBD, "pareto_nbd": ParetoNBD, "gamma_gamma": GammaGamma}[model]()
    judge.nodes_ = 48
    values = np.array([params[name] for name in judge._parameters])
    columns = [data[name] for name in judge._columns]
    return judge._evaluate(values, columns, np.ones(len(columns[0])), derivatives=False)[0]


def show(model: str, data: dict[str, np.ndarray], rows: dict[str, dict | None]) -> None:
    """Print the table of one model and number of customers, and how we stand to the best peer."""
    found = {name: row for name, row in rows.items() if row and "params" in row}
    values = {name: likelihood(model, row["params"], data) for name, row in found.items()}
    print("| | CPU s | wall s | fit MB | all MB | log-likelihood | short by | forecast s | forecast MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        if row is None:
            print(f"| {name} | not installed | | | | | | | |")
        elif "failed" in row:
            print(f"| {name} | failed: {row['failed'][:100]} | | | | | | | |")
        else:
            ahead = f"{row['predict']:.2f} | {row['predict_mb']:.0f}" if "predict" in row else " | "
            print(
                f"| {name} | {row['seconds']:.2f} | {row['wall']:.2f} | {row['fit_mb']:.0f} | {row['all_mb']:.0f} | "
                f"{values[name]:.5f} | {values['crmlab'] - values[name]:.1e} | {ahead} |"
            )
    peers = [name for name in found if name != "crmlab"]
    if peers and "crmlab" in found:
        ours = found["crmlab"]
        times, fit_mb, all_mb = (
            min(found[name][key] for name in peers) / max(ours[key], 1e-9) for key in ("seconds", "fit_mb", "all_mb")
        )
        worst = max((values[name] - values["crmlab"]) / abs(values["crmlab"]) for name in peers)
        print(
            f"\n{times:.1f} times as fast as the faster peer; the leaner peer's fit needs {fit_mb:.1f} times our "
            f"memory, its whole process {all_mb:.1f} times; no peer's log-likelihood is higher by more than "
            f"{max(worst, 0):.0e} of it."
        )
    sys.stdout.flush()


def main() -> None:
    """Print a table for each number of customers and model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("customers", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--peers", default=os.environ.get("CRMLAB_PEERS") or sys.executable)
    parser.add_argument("--models", default=",".join(TRUTH))
    given = parser.parse_args()
    for count in given.customers:
        for model in given.models.split(","):
            print(f"\n**{model}, {count:,} customers**\n")
            data = customers_of(model, count)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "data.npz")
                np.savez(file, **data)
                rows = {
                    name: run(name, sys.executable if name == "crmlab" else given.peers, file, model)
                    for name in CONTENDERS
                }
            show(model, data, rows)


if __name__ == "__main__":
    main()
