"""The report of `make bench`: what it must hold, the committed copy, and what is slower than a rival."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from press.run.disk.files import write_atomically
from press.run.project import Project

__all__ = ["COMMITTED", "FIELDS", "Row", "part", "races", "read_report", "renew", "slower"]

Row = Mapping[str, Any]
"""One line of a part."""
COMMITTED = "bench.json"
"""Name of the committed report, in `book/`."""
FIELDS: Mapping[str, frozenset[str]] = {
    "comparisons": frozenset({"what", "seconds", "against", "other_seconds", "ratio"}),
    "races": frozenset({"race", "method"}),
    "accuracy": frozenset({"depth", "accuracy", "repetitions", "step", "seconds", "exact_seconds", "ratio"}),
    "growth": frozenset({"function", "variable", "value"}),
    "chapters": frozenset({"chapter", "seconds", "processors", "profile"}),
    "profile": frozenset({"chapter", "function", "share", "cpu", "wall"}),
    "book": frozenset({"what", "profile", "wall", "cpu"}),
    "faults": frozenset({"kind", "runs", "outcomes", "lost"}),
    "mutation": frozenset({"module", "mutants", "tried", "killed", "score", "interval", "survivors"}),
    "coverage": frozenset({"package", "lines", "lines_run", "branches", "branches_run"}),
}
"""The parts of a report, and what each row of a part must have."""
OTHERS: Mapping[str, str] = {"faults": "make soak", "mutation": "make mutate", "coverage": "make coverage"}
"""The parts that `make bench` does not measure, and what writes their files."""


def read_report(path: Path) -> dict[str, Any]:
    """Read a report of `make bench`: `machine`, and for each of `parts` its `rows`, when, and at what load.

    Raises ValueError if there is no report, or it is none.
    """
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        report["machine"].items()
        for name, found in report["parts"].items():
            _check(name, found["rows"])
        return report
    except FileNotFoundError:
        raise ValueError(f"there is no report {path}: run `make bench`") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a report of `make bench`: {error}") from None


def renew(project: Project) -> list[str]:
    """Write `evidence/bench.json` from what was measured here: the report, faults, mutation score, coverage.

    Raises ValueError if nothing was measured, or a file is not what it should be; the committed report is
    left as it is.
    """
    folder = project.build / "bench"
    report = read_report(folder / "report.json")
    for name, writer in OTHERS.items():
        path = folder / f"{name}.json"
        if path.is_file():
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                rows = found["kinds"] if name == "faults" else found
                rows = _packages(found["files"]) if name == "coverage" else rows
                _check(name, rows)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path} is not what `{writer}` writes: {error!r}") from None
            report["parts"][name] = {"rows": rows}
    write_atomically(project.evidence / COMMITTED, json.dumps(report, indent=1) + "\n")
    return list(report["parts"])


def _check(name: str, rows: list[Row]) -> None:
    """Refuse an unknown part, and rows without what the page shows."""
    if name not in FIELDS:
        raise KeyError(f"an unknown part {name!r}")
    for row in rows:
        if missing := FIELDS[name] - set(row):
            raise KeyError(f"{name}: a row without {', '.join(sorted(missing))}")


def _packages(files: Mapping[str, Any]) -> list[Row]:
    """Add up what coverage counted in the files of each package."""
    found: dict[str, Counter[str]] = {}
    for name, file in files.items():
        count, package = file["summary"], PurePath(name).parent.as_posix().replace("/", ".")
        found.setdefault(package, Counter()).update(
            lines=count["num_statements"],
            lines_run=count["covered_lines"],
            branches=count["num_branches"],
            branches_run=count["covered_branches"],
        )
    return [{"package": package, **counts} for package, counts in sorted(found.items())]


def slower(report: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """List what is slower than something that it is compared with: what, than what, how many times.

    >>> from press.evidence.measurements import slower
    >>> rows = [{"what": "flow", "against": "np.exp", "seconds": 3.0, "other_seconds": 1.0, "ratio": 3.0}]
    >>> slower({"parts": {"comparisons": {"rows": rows}}})
    [('flow', 'np.exp', 3.0)]
    """
    found = [(r["what"], r["against"], r["ratio"]) for r in part(report, "comparisons") if r["ratio"] > 1]
    for race, rows in races(report).items():
        ours = next((row["cpu"] for row in rows if row["method"] == "opgd"), None)
        for row in rows:
            if ours and "cpu" in row and row["cpu"] < ours:
                found.append((race, row["method"], ours / row["cpu"]))
    return found


def part(report: Mapping[str, Any], name: str) -> list[Row]:
    """Return the rows of a part; none if it was not measured."""
    return list(report["parts"].get(name, {}).get("rows", []))


def races(report: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Return the rows of the competitors, by race."""
    found: dict[str, list[Row]] = {}
    for row in part(report, "races"):
        found.setdefault(row["race"], []).append(row)
    return found
