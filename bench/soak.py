"""Sweeps under stress, at length: speed of two workers, kills and resumptions, a cluster started by hand.

Run it with `make soak` (a quarter of an hour on two idle processors). The suite holds short versions
(`tests/press/sweep/test_workers.py`). Every table must be equal to that of an undisturbed sweep, byte for
byte. Each sweep runs in a copy of the project, where the store is empty.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns("_build", ".venv", ".git", "__pycache__", ".*_cache", ".hypothesis")
FIXED = (
    "repetitions: 2, size: 2000, sizes: [2000], scan: [3000, 5000, 7000, 10000], gammas: [1.5], "
    "n_points: 3, times: 9"
)
GRID = f"fixed: {{{FIXED}}}\nproduct:\n  p: [0.6, 0.8, 1.0, 1.2]\n  q: [1.5, 2.0]\n  seed: [0, 1, 2]\n"
PARTS = ("speed", "kills", "cluster")


def copy(directory: Path) -> Path:
    """A copy of the project for a sweep into a directory, beside it."""
    root = directory.with_name(f"{directory.name}-project")
    if not root.exists():
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
    return root


def begin(directory: Path, *options: str) -> subprocess.Popen[str]:
    """Start a sweep in a process of its own."""
    command = [sys.executable, "-m", "press", "sweep", "rates", str(directory.parent / "grid.yml")]
    return subprocess.Popen(
        [*command, "-o", str(directory), *options], cwd=copy(directory), stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a sweep; it must end well."""
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a sweep ended with {process.returncode}: {said}")
    return said.splitlines()[0]


def same(one: Path, other: Path) -> str:
    """Compare the tables of two sweeps; a difference ends the script."""
    for name in ("table.csv", "table.parquet"):
        if (one / name).read_bytes() != (other / name).read_bytes():
            raise SystemExit(f"{other / name} differs from {one / name}")
    return "identical table"


def done(directory: Path) -> int:
    """Number of finished points."""
    return len(list(directory.glob("points/*.ipynb")))


def until(directory: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many points are finished, or the sweep has ended."""
    while done(directory) < count and process.poll() is None:
        time.sleep(0.1)


@contextlib.contextmanager
def cluster(root: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A dask scheduler and two workers, started by hand on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = ["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    with tempfile.TemporaryDirectory() as scratch:
        commands = [scheduler, *([[*worker, "--local-directory", scratch]] * 2)]
        processes = [
            subprocess.Popen([sys.executable, "-m", "dask", *c], cwd=root, stderr=subprocess.DEVNULL)
            for c in commands
        ]
        try:
            yield address, processes[1:]
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all by default")
    parser.add_argument("--directory", type=Path, help="keep everything there, and use what is there")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    options = parser.parse_args()
    parts = options.parts or PARTS
    if set(parts) - set(PARTS):
        parser.error(f"parts must be some of {', '.join(PARTS)}")
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        place = (options.directory or Path(scratch)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        (place / "grid.yml").write_text(GRID, encoding="utf-8")
        seconds = {}
        for workers in (1, 2) if "speed" in parts else (2,):
            clock, used = time.monotonic(), os.times()
            said = finish(begin(place / f"workers-{workers}", "-j", str(workers)))
            seconds[workers] = time.monotonic() - clock
            cpu = sum(os.times()[2:4]) - sum(used[2:4])
            load = os.getloadavg()[0]
            print(
                f"-j {workers}: {said}; {seconds[workers]:.0f} s, processor time {cpu:.0f} s, load {load:.1f}"
            )
        reference = place / "workers-2"
        if "speed" in parts:
            ratio = seconds[1] / seconds[2]
            print(f"two workers are {ratio:.2f} times as fast; {same(reference, place / 'workers-1')}")
        if "kills" in parts:
            killed = place / "killed"
            for number in range(1, 6):
                process = begin(killed, "-j", "2")
                more, wait = int(rng.integers(1, 5)), rng.uniform(0, 5)
                until(killed, done(killed) + more, process)
                time.sleep(wait)
                process.send_signal(signal.SIGKILL)
                process.communicate()
                print(f"kill {number}, {wait:.1f} s after {more} further points: {done(killed)} are there")
            print(f"resumed: {finish(begin(killed, '-j', '2'))}; {same(reference, killed)}")
        if "cluster" in parts:
            with cluster(copy(place / "workers")) as (address, _):
                said = finish(begin(place / "cluster", "--scheduler", address))
            print(f"scheduler and two workers: {said}; {same(reference, place / 'cluster')}")
            with cluster(copy(place / "others")) as (address, workers_):
                process = begin(place / "wounded", "--scheduler", address)
                until(place / "wounded", 8, process)
                workers_[0].kill()
                print(f"one worker killed when {done(place / 'wounded')} points were there")
                said = finish(process)
            print(f"the other went on: {said}; {same(reference, place / 'wounded')}")


if __name__ == "__main__":
    main()
