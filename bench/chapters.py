"""Chapters at other parameters: what they suggest themselves, and sets drawn from what they allow.

Every allowed combination must run and be fit to publish: no error, no warning, no nan, every word of the text
there. What the profile `smoke` sets (counts, sizes) stays as small as it is there. Run it with `make soak`; a
set that fails is printed as a command.
"""

from __future__ import annotations

import argparse
import math
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from press.run import profiles
from press.run.key import Point, ingredients
from press.run.parameters import Contract, Parameter, read_parameters, resolve
from press.run.project import Project
from press.run.ranges import Choices, Interval
from press.sweep.workers import gather

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns("_build", ".venv", ".git", "__pycache__", ".*_cache", ".hypothesis")
PROFILE = "smoke"
TRIES = 1000  # draws for one set that satisfies the relations
_SUGGESTED = re.compile(r'make chapter C=(\S+) P="([^"]*)"')


def number(rng: np.random.Generator, allowed: Interval, like: float, whole: bool) -> float:
    """Draw a number of an interval: an end, near the default by a factor, or anywhere between finite ends."""
    low, high = max(allowed.low, -1e6), min(allowed.high, 1e6 if whole else 1e12)
    ends = [end for end, closed in ((low, allowed.closed_low), (high, allowed.closed_high)) if closed]
    kind = rng.uniform()
    if kind < 0.2 and ends and all(map(math.isfinite, (allowed.low, allowed.high))):
        value = float(rng.choice(ends))
    elif kind < 0.8 and like:
        value = like * 10 ** rng.uniform(-0.7, 0.7)
    else:
        value = rng.uniform(low, min(high, max(10 * abs(like), low + 10)))
    value = float(np.clip(value, low, high))
    return round(value) if whole else float(f"{value:.3g}")


def draw(rng: np.random.Generator, parameter: Parameter) -> Any:
    """Draw a value of a parameter; it need not be allowed."""
    kind, allowed = parameter.annotation.removeprefix("list[").removesuffix("]"), parameter.range
    like = parameter.default if isinstance(parameter.default, list) else [parameter.default]
    size = int(rng.integers(1, len(like) + 2)) if parameter.annotation.startswith("list") else 1
    values: list[Any] = []
    for _ in range(size):
        if kind == "bool":
            values.append(bool(rng.integers(2)))
        elif isinstance(allowed, Choices):
            values.append(allowed.values[rng.integers(len(allowed.values))])
        elif isinstance(allowed, Interval):
            values.append(number(rng, allowed, float(rng.choice(np.array(like, float))), kind == "int"))
        else:
            return parameter.default
    if parameter.annotation.startswith("list"):
        return sorted(values) if rng.uniform() < 0.7 else values
    return values[0]


def sets(
    rng: np.random.Generator, declared: Contract, small: dict[str, Any], count: int
) -> Iterator[dict[str, Any]]:
    """Draw sets of values: some parameters differ from the smoke profile, all relations hold."""
    free = [name for name in declared if name not in small]
    for _ in range(count if free else 0):
        for _ in range(TRIES):
            some = rng.choice(free, int(rng.integers(1, min(len(free), 4) + 1)), replace=False)
            given = small | {str(name): draw(rng, declared[name]) for name in some}
            try:
                yield resolve(declared, given)
                break
            except ValueError:
                continue


def suggested(
    project: Project, chapter: str, declared: Contract, small: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The sets that the chapter suggests, with the counts of the smoke profile."""
    for name, options in _SUGGESTED.findall(project.source(chapter).read_text(encoding="utf-8")):
        words = shlex.split(options)
        if name == chapter and words[::3] == ["-p"] * (len(words) // 3):
            yield resolve(declared, small | dict(zip(words[1::3], words[2::3], strict=True)))


def main() -> None:
    """Run the chapters asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="*", help="names; all by default")
    parser.add_argument("--sets", type=int, default=8, help="drawn sets for each chapter (200 take hours)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        project = Project(Path(shutil.copytree(ROOT, Path(scratch) / "project", ignore=LEFT_OUT)))
        for chapter in options.chapters or project.chapters():
            declared = read_parameters(project.source(chapter))
            small = dict(profiles.overrides(project, PROFILE, chapter))
            rng = np.random.default_rng([options.seed, *chapter.encode()])
            wanted = [
                *suggested(project, chapter, declared, small),
                *sets(rng, declared, small, options.sets),
            ]
            code = ingredients(project, chapter)
            points = [Point.with_code(code, chapter, PROFILE, values) for values in wanted]
            bad = 0
            for end in gather(project, list({p.key: p for p in points}.values()), workers=2):
                if end.failure is not None:
                    bad += 1
                    changed = {k: v for k, v in end.point.values.items() if v != declared[k].default}
                    given = " ".join(
                        f"-p {name} {shlex.quote(str(value))}" for name, value in changed.items()
                    )
                    print(f"FAILED press run {chapter} {given}\n{end.failure}\n", flush=True)
            print(f"{chapter}: {len(points)} sets, {bad} failed", flush=True)
            failed += bad
    if failed:
        raise SystemExit(f"{failed} sets failed")


if __name__ == "__main__":
    main()
