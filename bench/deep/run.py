"""Run one method on one path set, in a process of its own: print times, error and memory as JSON.

    python bench/deep/run.py METHOD DEPTH REFERENCE

METHOD "reference" writes REFERENCE (.npy) instead. One core, the best of three runs (fewer if they are long);
what is compiled is compiled before. "seconds" are those of the processor: others may be using this machine.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np  # noqa: E402
from paths import Array, PathSet, path_set  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parents[2] / "_build" / "bench" / "peers"))

Options = dict[str, Any]
PEERS = ("heyoka", "diffrax", "jax")  # may be missing
DESCENT = "gradient descent"
WANTED = 1e-8  # worst relative error


@dataclass(frozen=True)
class Method:
    """Which module, with which options, timed on how many lanes (0: all of them)."""

    module: str
    options: Options
    lanes: int = 0


def methods(depth: int) -> dict[str, Method]:
    """Name the competitors; their tolerances (at D = 0, 1, 3) just meet a worst error of 1e-8.

    Gradient descent cannot, within hours: its error is measured, and its time is scaled by it.
    """
    shallow = depth <= 1
    one = {"tolerance": 1e-12, "steps": 800 if shallow else 7500, "chunk": 10**6}
    chunks = one | {
        "tolerance": {0: 5e-11, 1: 1e-12}.get(depth, 5e-12),
        "steps": 800 if shallow else 8000,
        "chunk": 1000,
    }
    found = {
        "opgd": Method("by_opgd", {}),
        "opgd's algorithm in numpy": Method("by_numpy", {}),
        "heyoka batch, (14)": Method(
            "by_heyoka", {"form": "layers", "tolerance": 1e-9 if depth == 1 else 1e-10}
        ),
        "heyoka batch, angle": Method("by_heyoka", {"form": "angle", "tolerance": 1e-7}),
        "diffrax vmap, Dopri8": Method(
            "by_diffrax", {"tolerance": 5e-12 if shallow else 1e-11, "chunk": 256}
        ),
        "scipy DOP853, one system": Method("by_scipy", one, lanes=1000),
        "scipy DOP853, sorted, by 1000": Method("by_scipy", chunks),
        DESCENT: Method("by_descent", {"substeps": 200}, lanes=100),
    }
    if depth == 0:
        del found["opgd's algorithm in numpy"], found["heyoka batch, angle"]
    return found


def reference(paths: PathSet) -> tuple[str, Array]:
    """Return theta to about 1e-14, from heyoka at the precision of the machine; without it, ours at 1e-11."""
    try:
        from by_heyoka import prepare
    except ModuleNotFoundError:
        from by_opgd import prepare

        return "opgd, tolerance 1e-11", prepare(paths, 1e-11)()
    return "heyoka, tolerance 2.3e-16", prepare(paths, "layers", 2.3e-16)()


def measure(prepare: Callable[..., Callable[[], Array]], paths: PathSet, options: Options) -> dict[str, Any]:
    run = prepare(paths, **options)
    before, wall, busy, theta = peak(), [], [], None
    while len(wall) < 3 and sum(wall) < 10:
        theta = None  # so that the peak is that of one run
        start, start_busy = time.perf_counter(), time.process_time()
        theta = run()
        busy.append(time.process_time() - start_busy)
        wall.append(time.perf_counter() - start)
    return {"seconds": min(busy), "wall": min(wall), "theta": theta, "mib": peak(), "mib_before": before}


def peak() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def worst(theta: Array, exact: Array) -> float:
    """Return the largest relative error over all lanes and times; inf unless theta(0) is exactly 0."""
    errors = [
        abs(row - true)[true != 0] / abs(true[true != 0]) for row, true in zip(theta, exact, strict=True)
    ]
    zero = all((row[true == 0] == 0).all() for row, true in zip(theta, exact, strict=True))
    return float(np.max(np.concatenate(errors))) if zero else float("inf")


def main(method: str, depth: int, file: str) -> dict[str, Any]:
    paths = path_set(depth)
    if method == "reference":
        name, exact = reference(paths)
        np.save(file, exact)
        return {"name": name}
    chosen = methods(depth)[method]
    try:
        prepare = import_module(chosen.module).prepare
    except ModuleNotFoundError as error:
        if error.name not in PEERS:
            raise
        return {"missing": error.name}
    lanes = np.arange(paths.z.size)
    if chosen.lanes:  # evenly through the order of |z|, the largest included
        lanes = paths.by_size()[np.linspace(0, paths.z.size - 1, chosen.lanes).round().astype(int)]
    result = measure(prepare, paths.part(lanes), chosen.options)
    exact = np.load(file, mmap_mode="r")
    result["error"] = worst(result.pop("theta"), exact[:, lanes])
    steps = max(1.0, result["error"] / WANTED) if method == DESCENT else 1.0
    return result | {"lanes": lanes.size, "of": paths.z.size, "steps_scaled": steps}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
