"""Let one variable of one function of opgd grow: print CPU times and peak memory as JSON.

    python bench/growth.py FUNCTION VARIABLE

FUNCTION is one of estimate, expected_risk, monte_carlo_risk, sure; VARIABLE is N, times, repetitions or D.
One thread. Calls that take less than 0.2 s are repeated until they have taken as much; what is compiled is
compiled before. Memory is what Python and numpy allocate in a call before those, at its peak: the result
counts, the arguments do not.
"""

from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from opgd import OverParameterizedFlow, PowerLaw, expected_risk, monte_carlo_risk  # noqa: E402
from opgd.stopping import sure, universal_time  # noqa: E402

BASE = {"N": 10_000, "times": 5, "repetitions": 4, "D": 0}
VALUES = {
    "N": [10**k for k in range(3, 9)],
    "times": [1, 4, 16, 64, 256],
    "repetitions": [1, 4, 16, 64, 256],
    "D": [0, 1, 2, 4, 8],
}
DOUBLES = {"estimate": 6, "sure": 6, "expected_risk": 0, "monte_carlo_risk": 0}  # held per component
LEAST = 0.2  # seconds
LONG = 10.0  # seconds of CPU time after which the next, larger value is left out


def call(function: str, size: int, times: int, repetitions: int, depth: int) -> Callable[[], object]:
    """Return what is timed: p = 1, q = 2, gamma = 1.5, n = 2000, times around the universal one."""
    problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=size)
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t = universal_time(depth, problem.epsilon) * np.geomspace(0.5, 2, times + 2)[1:-1]
    if function == "expected_risk":
        return lambda: expected_risk(flow, problem, t)
    if function == "monte_carlo_risk":
        return lambda: monte_carlo_risk(flow, problem, t, repetitions=repetitions)
    model, rng = problem.truncated(), np.random.default_rng(0)
    z = rng.standard_normal((repetitions, size))
    z *= model.epsilon
    z += model.signal
    if function == "sure":
        return lambda: sure(flow, z, model.eigenvalues, model.epsilon, t)
    return lambda: flow.estimate(z, model.eigenvalues, t)


def main(function: str, variable: str) -> list[dict[str, object]]:
    base = BASE | ({"times": 1, "repetitions": 1} if variable == "N" else {})
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    call(function, *(base | {"N": 10}).values())()
    last, rows = 0.0, []
    for value in VALUES[variable]:
        numbers = base | {variable: value}
        row: dict[str, object] = {"function": function, "variable": variable, "value": value}
        if last > LONG or 8 * DOUBLES[function] * numbers["N"] > memory / 2:
            return [*rows, row | {"left_out": "too long" if last > LONG else "too little memory"}]
        if variable == "D":
            call(function, *(numbers | {"N": 10}).values())()
        run = call(function, *numbers.values())
        most = peak(run)  # before the clock starts: memory that is touched for the first time costs extra
        start, count = time.process_time(), 0
        while not count or time.process_time() - start < LEAST:
            run()
            count += 1
        last = (time.process_time() - start) / count
        rows.append(row | {"cpu": last, "mib": most})
    return rows


def peak(run: Callable[[], object]) -> float:
    """Return the most memory that a call holds at one time, in MiB."""
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
