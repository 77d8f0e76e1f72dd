"""The exact risk and its best time over the whole space of problems: time, memory, right or wrong.

Run it with `.venv/bin/python bench/soak_risk.py 2000`. Each problem has a process of its own, with at most
1 GB of memory and 20 s of processor time to find its best time. Risks at three times around it are compared
with adaptive quadrature for a few of the components, and with a sum over all of them for a power law of
moderate size; the best time with a scan of the risk. One line for each problem that is not as it should be,
and counts at the end.
"""

from __future__ import annotations

import argparse
import collections
import math
import multiprocessing
import multiprocessing.connection
import resource
import signal
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "opgd")]

from cases import adaptive_risk, each_component  # noqa: E402

from opgd import (  # noqa: E402
    OverParameterizedFlow,
    PowerLaw,
    SequenceModel,
    expected_risk,
    oracle_stopping,
)

MEMORY, SECONDS = 1e9, 20
TOLERANCE = 1e-6


def draw(number: int) -> tuple[OverParameterizedFlow, PowerLaw | SequenceModel, np.random.Generator]:
    """A flow and a problem."""
    rng = np.random.default_rng([18, number])

    def power(low: float, high: float) -> float:
        return float(10 ** rng.uniform(low, high))

    flow = OverParameterizedFlow(int(rng.integers(0, 9)), power(-3, math.log10(2)), bool(rng.integers(2)))
    epsilon = power(-6, 0)
    if rng.random() < 0.5:
        size = int(rng.integers(1, 101))
        signal = np.where(rng.random(size) < 0.5, 0, power(-3, 1) * rng.standard_normal(size))
        return flow, SequenceModel(signal, 10 ** rng.uniform(power(0, 1) * -1, 0, size), epsilon), rng
    gamma, q = power(-0.3, 0.7), 1.0 if rng.random() < 0.2 else 1 + power(-2, 0.5)
    untruncated = rng.random() < 0.4 and gamma > 0.5
    size = math.inf if untruncated else int(power(0, 7))
    return flow, PowerLaw(power(-1, 1), q, gamma, epsilon**-2, size), rng


def judge(number: int, pipe: multiprocessing.connection.Connection) -> None:
    """Find the best time within the limits; then say what is wrong."""
    signal.signal(signal.SIGPROF, lambda *_: sys.exit(3))
    flow, problem, rng = draw(number)
    pipe.send(("problem", repr((flow, problem))[:300]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    clock = time.process_time()
    stop = oracle_stopping(flow, problem)
    signal.setitimer(signal.ITIMER_PROF, 0)
    pipe.send(("seconds", time.process_time() - clock))
    pipe.send(("memory", 1024 * max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, before)))
    times = stop.t * np.array([1.0, rng.uniform(0.3, 1), rng.uniform(1, 3)])
    wrong = []
    for t in times:
        if isinstance(problem, SequenceModel):
            few = rng.permutation(problem.size)[:6]
            part = SequenceModel(problem.signal[few], problem.eigenvalues[few], problem.epsilon)
            want, got = adaptive_risk(flow, part, t), float(expected_risk(flow, part, t).mean)
        elif problem.size <= 500:
            want, got = each_component(flow, problem, t)[0], float(expected_risk(flow, problem, t).mean)
        else:
            continue
        if not abs(got - want) <= TOLERANCE * want + 1e-12 * problem.epsilon**2:
            wrong.append(f"risk {got!r}, not {want!r}, at t = {t!r}")
    scan = stop.t * np.geomspace(0.01, 2 if problem.size == math.inf else 100, 120)
    if isinstance(problem, SequenceModel) and problem.size <= 30:
        lowest = float(expected_risk(flow, problem, scan).mean.min())
        if lowest < stop.risk * (1 - 1e-6):
            wrong.append(f"risk {lowest!r} in the scan, below {stop.risk!r} at the best time {stop.t!r}")
    pipe.send(("compared", isinstance(problem, SequenceModel) or problem.size <= 500))
    pipe.send(("wrong", wrong))


def main() -> None:
    """Judge as many problems as asked for, or as there is time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("problems", nargs="?", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long")
    options = parser.parse_args()
    OverParameterizedFlow(1).linearize(1.0, 1.0, 1.0)  # compiled once, for all children
    expected_risk(OverParameterizedFlow(1), SequenceModel([1.0], [1.0], 1.0), 1.0)
    end = time.monotonic() + 60 * options.minutes
    counts: collections.Counter[str] = collections.Counter()
    slowest = largest = 0.0
    context = multiprocessing.get_context("fork")
    for number in range(options.first, options.first + options.problems):
        if time.monotonic() > end:
            break
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=judge, args=(number, theirs))
        child.start()
        theirs.close()
        said: dict[str, object] = {}
        try:
            while True:
                name, value = ours.recv()
                said[name] = value
        except EOFError:
            child.join()
        counts["problems"] += 1
        slowest, largest = max(slowest, said.get("seconds", SECONDS)), max(largest, said.get("memory", 0.0))
        faults = [f"exit {child.exitcode}"] if child.exitcode not in (0, 3) else []
        faults += [f"beyond {SECONDS} s"] if child.exitcode == 3 else []
        faults += ["beyond 1 GB"] if said.get("memory", 0.0) > MEMORY else []
        faults += said.get("wrong", [])
        counts["compared"] += bool(said.get("compared"))
        for fault in faults:
            counts[
                fault.partition(" ")[0] + " " + fault.split()[1] if "beyond" in fault else fault.split()[0]
            ] += 1
            print(number, said.get("problem"), fault, flush=True)
    print(dict(counts), f"slowest {slowest:.1f} s, largest {largest / 1e6:.0f} MB")
    sys.exit(any(key not in ("problems", "compared") for key in counts))


if __name__ == "__main__":
    main()
