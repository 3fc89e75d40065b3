"""Seconds, peak memory and log-likelihood of fitting BG/NBD, Pareto/NBD and gamma–gamma, beside peers that are there.

Usage: python benchmarks/lifetime.py [customers …, default 100000] [--peers PYTHON] [--models bg_nbd,pareto_nbd]

``--peers`` names an interpreter that can import ``lifetimes`` and ``pymc_marketing``; by default this one is asked, and
a peer that is not there is left out. Each contender has a process of its own and reads the same file of order days,
counted in weeks. Seconds are CPU seconds of the fit alone, after one on a few customers where a peer compiles; memory
is the peak of the process above what it held before reading. All log-likelihoods are computed by crmlab.
"""

from __future__ import annotations

import argparse
import json
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
import json, resource, sys, time
import numpy as np, pandas as pd
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
file, model = sys.argv[1:3]
"""

LOAD = """
before = peak()
stored = np.load(file)
data = pd.DataFrame({name: stored[name] for name in stored.files})
def tell(names, values, seconds, wall, **more):
    print(json.dumps({"params": dict(zip(names, map(float, values))), "seconds": seconds, "wall": wall,
                      "peak": peak() - before, **more}))
"""

CONTENDERS = {
    "crmlab": COMMON
    + """
from crmlab.lifetime import BetaGeoNBD, GammaGamma, ParetoNBD
kind = {"bg_nbd": BetaGeoNBD, "pareto_nbd": ParetoNBD, "gamma_gamma": GammaGamma}[model]
"""
    + LOAD
    + """
start, clock = time.process_time(), time.perf_counter()
fitted = kind().fit(data)
seconds, wall = time.process_time() - start, time.perf_counter() - clock
top = peak() - before
start = time.perf_counter()
if model == "gamma_gamma":
    fitted.expected_value(data)
else:
    fitted.expected_orders(data, horizon=52.0)
predict = time.perf_counter() - start
tell(fitted.params_.index, fitted.params_, seconds, wall, predict=predict, fit_peak=top)
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
start, clock = time.process_time(), time.perf_counter()
fitter.fit(*columns)
seconds, wall = time.process_time() - start, time.perf_counter() - clock
tell(fitter.params_.index, fitter.params_, seconds, wall)
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
    fitted = kind(model_config=flat) if model != "gamma_gamma" else kind(model_config=flat)
    fitted.fit(data=rows, method="map", progressbar=False)
    return fitted
fit(table.head(1000))  # compiles what can be cached
start, clock = time.process_time(), time.perf_counter()
fitted = fit(table)
seconds, wall = time.process_time() - start, time.perf_counter() - clock
posterior = fitted.idata.posterior
tell(names, [posterior[name].mean().item() for name in names], seconds, wall)
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


def main() -> None:
    """Print a table for each number of customers and model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("customers", nargs="*", type=int, default=[100_000])
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--models", default=",".join(TRUTH))
    given = parser.parse_args()
    for count in given.customers or [100_000]:
        for model in given.models.split(","):
            data = customers_of(model, count)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "data.npz")
                np.savez(file, **data)
                rows = {
                    name: run(name, sys.executable if name == "crmlab" else given.peers, file, model)
                    for name in CONTENDERS
                }
            print(f"\n{model}, {count:,} customers")
            ours = rows["crmlab"]
            best = likelihood(model, ours["params"], data) if ours and "params" in ours else float("nan")
            for name, row in rows.items():
                if row is None:
                    print(f"  {name:15} not installed")
                elif "failed" in row:
                    print(f"  {name:15} failed: {row['failed'][:100]}")
                else:
                    value = likelihood(model, row["params"], data)
                    print(
                        f"  {name:15} {row['seconds']:8.2f} s CPU {row['wall']:8.2f} s  {row['peak']:7.0f} MB  "
                        f"log-likelihood {value:.6f} (ours {'+' if best >= value else ''}{(best - value):.2e})"
                        + (f"  forecast {row['predict']:.2f} s" if "predict" in row else ""),
                        flush=True,
                    )


if __name__ == "__main__":
    main()
