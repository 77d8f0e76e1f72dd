from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from press.evidence.measurements import read_report
from press.pages import speed

Cells = Callable[[str], list[list[str]]]
ROOT = Path(__file__).resolve().parents[3]
MEASURED = {"measured": "2026-01-02T03:04+00:00", "load": 0.5}


def report(name: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"machine": {"cores": 2}, "parts": {name: MEASURED | {"rows": list(rows)}}}


def plain(name: str, found: dict[str, Any]) -> str:
    """A part of the page, escapes undone."""
    return speed.PARTS[name](found).replace("\\", "")


def test_every_part_of_the_committed_report(cells: Cells) -> None:
    committed = read_report(ROOT / "evidence" / "bench.json")
    for name, write in speed.PARTS.items():
        text = write(committed)
        assert text != speed.NOT_MEASURED
        assert name == "slower" or f":name: {'fig' if name == 'figure' else 'tab'}-speed-{name}-1\n" in text


@pytest.mark.parametrize("name", sorted(set(speed.PARTS) - {"machine", "slower"}))
def test_what_was_not_measured_is_said_to_be(name: str) -> None:
    assert speed.PARTS[name](report("machine")) == speed.NOT_MEASURED


def test_a_race_gives_ratios_scales_and_absences(cells: Cells) -> None:
    common = {"race": "path set", "wall": 1.0, "mib": 30.0, "mib_before": 10.0, "reference": "truth"}
    rows = [
        common | {"method": "opgd", "cpu": 0.5, "error": 5e-12, "scaled": 1.0, "steps_scaled": 1.0},
        common | {"method": "descent", "cpu": 7200.0, "error": 1e-3, "scaled": 2e6, "steps_scaled": 1e5},
        {"race": "path set", "method": "jax", "missing": "jax"},
    ]
    found = cells(speed.PARTS["races"](report("races", *rows)))[1:]
    assert found[0] == ["opgd", "500 ms", "1", "1 s", "5e-12", "20", ""]
    assert found[1][:5] == ["descent", "2 h", "1.44e+04", "1 s", "1e-08"] and found[1][5:] == ["", "× 2e+06"]
    assert found[2][1] == "not installed: jax"


def test_faults_are_summed(cells: Cells) -> None:
    faults = [
        {"kind": k, "runs": 20, "outcomes": {"right": 19, "an error": 1}, "lost": 0}
        for k in ("kill", "full disk")
    ]
    found = cells(speed.PARTS["faults"](report("faults", *faults)))[1:]
    assert found[0] == ["kill", "20", "right (19); an error (1)", "0"] and found[-1] == ["all", "40", "", "0"]


def test_survivors_are_shown_with_their_reasons(cells: Cells) -> None:
    change = {"function": "f", "line": "a = 1", "change": "a = 2"}
    survivors = [change | {"reason": why} for why in ("the same", None, None)]
    row = {"module": "flows", "mutants": 200, "survivors": survivors}
    sample = row | {"tried": 100, "killed": 98, "score": 0.98, "interval": [0.93, 0.994]}
    full = row | {"tried": 200, "killed": 198, "score": 0.99, "interval": None}
    found = cells(speed.PARTS["mutation"](report("mutation", sample, full)))[1:]
    assert found[0] == ["flows", "200", "100", "98", "98.0 % (95 % interval 93 to 99)", "3"]
    assert found[1] == ["flows", "200", "200", "198", "99.0 %", "3"]
    told = plain("mutation", report("mutation", sample, full))
    assert told.count("flows, f: ` a = 1 ` became ` a = 2 ` (the same).") == 2
    assert told.count("flows, f: ` a = 1 ` became 2 other lines (not examined yet).") == 2
    assert told.count("<details><summary>flows: 3</summary>") == told.count("</details>") == 2
    alone = plain("mutation", report("mutation", full | {"survivors": survivors[:1]}))
    assert (
        "flows, f: ` a = 1 ` became ` a = 2 ` (the same)." in alone and "<summary>flows: 1</summary>" in alone
    )


def test_coverage_is_summed(cells: Cells) -> None:
    packages = [
        {"package": name, "lines": lines, "lines_run": run, "branches": branches, "branches_run": taken}
        for name, lines, run, branches, taken in (("opgd", 1000, 999, 10, 9), ("press", 1000, 901, 0, 0))
    ]
    found = cells(speed.PARTS["coverage"](report("coverage", *packages)))[1:]
    assert found[0] == ["opgd", "1,000", "10", "99.9 %", "90.0 %"]
    assert found[1] == ["press", "1,000", "0", "90.1 %", ""]
    assert found[2] == ["all", "2,000", "10", "95.0 %", "90.0 %"]
    assert plain("coverage", report("coverage")) == speed.NOT_MEASURED


def test_the_cost_stands_beside_that_of_the_authors() -> None:
    row = {"chapter": "rates", "seconds": 1800.0, "processors": 2, "profile": "default"}
    text = plain("chapters", report("chapters", row))
    assert "1.00 core hours" in text and "1,536 (64 cores, at most 24 h)" in text


def test_slower_has_a_reason_or_admits_that_it_has_none() -> None:
    row = {"what": "flow", "against": "np.exp", "seconds": 2.0, "other_seconds": 1.0, "ratio": 2.0}
    assert speed.REASONS["np.exp"] in plain("slower", report("comparisons", row))
    twice = plain("slower", report("comparisons", row, row | {"what": "risk", "ratio": 3.0}))
    assert "(flow: 2 times; risk: 3 times its time.)" in twice and twice.count("**np.exp**:") == 1
    other = row | {"against": "magic"}
    assert "no reason is known yet" in plain("slower", report("comparisons", other))
    assert "Nothing" in plain("slower", report("comparisons"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3e-6, "3 µs"), (0.0042, "4.2 ms"), (1.5, "1.5 s"), (119, "119 s"), (120, "2 min"), (1e9, "11,574 d")],
)
def test_times_have_a_unit_that_fits(seconds: float, text: str) -> None:
    assert speed._time(seconds) == text
