from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from press.__main__ import main
from press.evidence.measurements import FIELDS, part, read_report, renew, slower
from press.run.project import Project

ROOT = Path(__file__).resolve().parents[3]
RACE = {
    "race": "path set",
    "scaled": 1.0,
    "steps_scaled": 1.0,
    "error": 1e-9,
    "wall": 1.0,
    "mib": 1.0,
    "mib_before": 0.0,
}


def report(**parts: list[dict[str, Any]]) -> dict[str, Any]:
    measured = {"measured": "2026-01-02T03:04+00:00", "load": 0.5}
    return {
        "machine": {"cores": 2},
        "parts": {name: measured | {"rows": rows} for name, rows in parts.items()},
    }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("root: welcome\n", encoding="utf-8")
    (tmp_path / "_build" / "bench").mkdir(parents=True)
    return Project(tmp_path)


def write(project: Project, name: str, data: object) -> Path:
    path = project.build / "bench" / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


FULL = report(growth=[{"function": "sure", "variable": "N", "value": 10, "cpu": 1.0, "mib": 2.0}])


def test_the_committed_report_is_one_and_names_no_peer_as_faster_without_a_reason() -> None:
    from press.pages.speed import REASONS

    found = read_report(ROOT / "evidence" / "bench.json")
    assert {against for _, against, _ in slower(found)} <= set(REASONS)
    errors = [row["error"] / row["steps_scaled"] for row in part(found, "races") if "error" in row]
    assert max(errors) <= 1.0001e-8  # matched worst errors


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Expecting"),
        ("[]", "is not a report"),
        ('{"machine": {}, "parts": {"gossip": {"rows": []}}}', "unknown part 'gossip'"),
        ('{"machine": {}, "parts": {"growth": {"rows": [{"function": "sure"}]}}}', "without value, variable"),
        ('{"parts": {}}', "machine"),
    ],
)
def test_what_is_no_report_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=told) as refused:
        read_report(path)
    assert str(path) in str(refused.value)


def test_renew_takes_along_what_others_measured(project: Project) -> None:
    write(project, "report.json", FULL)
    write(
        project,
        "faults.json",
        {"kinds": [{"kind": "kill", "runs": 20, "outcomes": {"resumed": 20}, "lost": 0}]},
    )
    counts = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    files = {
        name: {"summary": dict(zip(counts, numbers, strict=True))}
        for name, numbers in {
            "press/a.py": (5, 4, 2, 1),
            "opgd/b.py": (10, 10, 0, 0),
            "opgd/stopping/c.py": (7, 6, 4, 3),
            "opgd/d.py": (30, 29, 8, 8),
        }.items()
    }
    write(project, "coverage.json", {"files": files})
    assert renew(project) == ["growth", "faults", "coverage"]
    found = read_report(project.evidence / "bench.json")
    assert part(found, "faults")[0]["runs"] == 20 and part(found, "mutation") == []
    assert [list(row.values()) for row in part(found, "coverage")] == [
        ["opgd", 40, 39, 8, 8],
        ["opgd.stopping", 7, 6, 4, 3],
        ["press", 5, 4, 2, 1],
    ]


@pytest.mark.parametrize("bad", ["[{}]", "{", "{}", '{"kinds": [{"kind": "kill"}]}'])
def test_renew_keeps_the_old_report_if_anything_is_wrong(project: Project, bad: str) -> None:
    write(project, "report.json", FULL)
    renew(project)
    before = (project.evidence / "bench.json").read_bytes()
    (project.build / "bench" / "faults.json").write_text(bad, encoding="utf-8")
    with pytest.raises(ValueError):
        renew(project)
    assert (project.evidence / "bench.json").read_bytes() == before


def test_slower_names_the_peer_and_how_much() -> None:
    rows = [RACE | {"method": "opgd", "cpu": 3.0}, RACE | {"method": "fast", "cpu": 1.0}]
    rows += [
        RACE | {"method": "slow", "cpu": 9.0},
        {"race": "path set", "method": "absent", "missing": "absent"},
    ]
    assert slower(report(races=rows)) == [("path set", "fast", 3.0)]
    assert slower(report()) == []


def test_the_command(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    assert main(["bench"]) == 2 and "make bench" in capsys.readouterr().err
    write(project, "report.json", FULL)
    assert main(["bench", "--renew"]) == 0
    assert capsys.readouterr().out.startswith(f"{project.evidence / 'bench.json'} now has: growth")
    assert main(["bench"]) == 0


def test_a_race_without_its_peer_says_so(tmp_path: Path) -> None:
    """As where the peers could not be installed: the name of what is missing, and no failure."""
    code = (
        "import sys; sys.path.insert(0, 'bench/deep'); sys.modules['heyoka'] = None\n"
        "import run; print(run.main('heyoka batch, (14)', 1, ''))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "{'missing': 'heyoka'}"


def test_every_part_has_a_place_on_the_page() -> None:
    text = (ROOT / "book" / "speed.md").read_text(encoding="utf-8")
    shown = {"growth": "figure"}
    assert all(f"{{speed}} {shown.get(name, name)}\n" in text for name in FIELDS)
