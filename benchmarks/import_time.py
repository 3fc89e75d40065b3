"""What ``import crmlab`` adds to starting Python: the fastest of many starts, with and without it."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time


def fastest_start(statement: str, *, repeats: int) -> float:
    """Return the seconds of the fastest of `repeats` fresh interpreters that run `statement`."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20, help="starts of each kind (default 20)")
    repeats = parser.parse_args().repeats
    nothing = fastest_start("pass", repeats=repeats)
    print(f"{'statement':<28}{'seconds':>9}{'added':>9}")
    for statement in ("pass", "import crmlab", "import numpy", "import pandas"):
        seconds = fastest_start(statement, repeats=repeats)
        print(f"{statement:<28}{seconds:>9.3f}{seconds - nothing:>9.3f}")


if __name__ == "__main__":
    main()
