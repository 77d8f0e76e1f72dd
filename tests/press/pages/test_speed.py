from __future__ import annotations

from typing import Any

import pytest
from docutils import nodes

from press.pages import speed

MEASURED = {"measured": "2026-01-02T03:04+00:00", "load": 0.5}


def report(name: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"machine": {"cores": 2}, "parts": {name: MEASURED | {"rows": list(rows)}}}


def lines(table: nodes.Node) -> list[list[str]]:
    return [[cell.astext() for cell in row] for row in table.findall(nodes.row)][1:]


@pytest.mark.parametrize("name", sorted(set(speed.PARTS) - {"machine", "slower"}))
def test_what_was_not_measured_is_said_to_be(name: str) -> None:
    assert speed.PARTS[name](report("machine")).astext() == speed.NOT_MEASURED


def test_a_race_gives_ratios_scales_and_absences() -> None:
    common = {"race": "path set", "wall": 1.0, "mib": 30.0, "mib_before": 10.0, "reference": "truth"}
    rows = [
        common | {"method": "opgd", "cpu": 0.5, "error": 5e-12, "scaled": 1.0, "steps_scaled": 1.0},
        common | {"method": "descent", "cpu": 7200.0, "error": 1e-3, "scaled": 2e6, "steps_scaled": 1e5},
        {"race": "path set", "method": "jax", "missing": "jax"},
    ]
    found = lines(speed._race_tables(report("races", *rows)))
    assert found[0] == ["opgd", "500 ms", "1", "1 s", "5e-12", "20", ""]
    assert found[1][:5] == ["descent", "2 h", "1.44e+04", "1 s", "1e-08"] and found[1][5:] == ["", "× 2e+06"]
    assert found[2][1] == "not installed: jax"


def test_faults_are_summed() -> None:
    faults = [
        {"kind": k, "runs": 20, "outcomes": {"right": 19, "an error": 1}, "lost": 0}
        for k in ("kill", "full disk")
    ]
    found = lines(speed._faults(report("faults", *faults)))
    assert found[0] == ["kill", "20", "right (19); an error (1)", "0"] and found[-1] == ["all", "40", "", "0"]


def test_survivors_are_shown_with_their_reasons() -> None:
    change = {"function": "f", "line": "a = 1", "change": "a = 2"}
    survivors = [change | {"reason": why} for why in ("the same", None, None)]
    row = {"module": "flows", "mutants": 200, "survivors": survivors}
    sample = row | {"tried": 100, "killed": 98, "score": 0.98, "interval": [0.93, 0.994]}
    full = row | {"tried": 200, "killed": 198, "score": 0.99, "interval": None}
    found = lines(speed._mutation(report("mutation", sample, full)))
    assert found[0] == ["flows", "200", "100", "98", "98.0 % (95 % interval 93 to 99)", "3"]
    assert found[1] == ["flows", "200", "200", "198", "99.0 %", "3"]
    told = speed._mutation(report("mutation", sample, full)).astext()
    assert told.count("flows, f: a = 1 became a = 2 (the same).") == 2
    assert told.count("flows, f: a = 1 became 2 other lines (not examined yet).") == 2
    assert told.count("<details><summary>flows: 3</summary>") == told.count("</details>") == 2
    alone = speed._mutation(report("mutation", full | {"survivors": survivors[:1]})).astext()
    assert "flows, f: a = 1 became a = 2 (the same)." in alone and "<summary>flows: 1</summary>" in alone


def test_coverage_is_summed() -> None:
    packages = [
        {"package": name, "lines": lines, "lines_run": run, "branches": branches, "branches_run": taken}
        for name, lines, run, branches, taken in (("opgd", 1000, 999, 10, 9), ("press", 1000, 901, 0, 0))
    ]
    found = lines(speed._coverage(report("coverage", *packages)))
    assert found[0] == ["opgd", "1,000", "10", "99.9 %", "90.0 %"]
    assert found[1] == ["press", "1,000", "0", "90.1 %", ""]
    assert found[2] == ["all", "2,000", "10", "95.0 %", "90.0 %"]
    assert speed._coverage(report("coverage")).astext() == speed.NOT_MEASURED


def test_the_cost_stands_beside_that_of_the_authors() -> None:
    row = {"chapter": "rates", "seconds": 1800.0, "processors": 2, "profile": "default"}
    table = speed._chapters(report("chapters", row))
    assert "1.00 core hours" in table.astext() and "1,536 (64 cores, at most 24 h)" in table.astext()


def test_slower_has_a_reason_or_admits_that_it_has_none() -> None:
    row = {"what": "flow", "against": "np.exp", "seconds": 2.0, "other_seconds": 1.0, "ratio": 2.0}
    assert speed.REASONS["np.exp"] in speed._slower(report("comparisons", row)).astext()
    twice = speed._slower(report("comparisons", row, row | {"what": "risk", "ratio": 3.0})).astext()
    assert "(flow: 2 times; risk: 3 times its time.)" in twice and twice.count("np.exp:") == 1
    other = row | {"against": "magic"}
    assert "no reason is known yet" in speed._slower(report("comparisons", other)).astext()
    assert "Nothing" in speed._slower(report("comparisons")).astext()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3e-6, "3 µs"), (0.0042, "4.2 ms"), (1.5, "1.5 s"), (119, "119 s"), (120, "2 min"), (1e9, "11,574 d")],
)
def test_times_have_a_unit_that_fits(seconds: float, text: str) -> None:
    assert speed._time(seconds) == text
