"""The statements of the paper and what their checks said: from `statements.toml` and pytest's report.

The checks are the tests in `tests/theory`. Their JUnit report, `_build/results/theory.xml`, names for each
test the statements that it checks, how, and over which range; the badges of the book show that and no more.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from press.run.environment import allowed

__all__ = [
    "GRADES",
    "Check",
    "ChecksFailed",
    "Statement",
    "grade",
    "read_report",
    "read_statements",
    "run_checks",
    "sources",
    "unchecked",
]

KINDS = ("definition", "statement", "not transcribed")
GRADES = {
    "erratum": "the printed form is wrong, a corrected one holds",
    "proved": "proved symbolically or by certified intervals",
    "checked": "checked by computation over a stated range",
}
"""What a badge can say, the first that holds, and what it means."""
NOT_RUN = "not run"
FOLDER = Path("tests/theory")


class ChecksFailed(Exception):
    """A check failed; the message is pytest's output."""


@dataclass(frozen=True)
class Statement:
    """A numbered statement of the paper.

    Parameters
    ----------
    printed : str
        Its number, as printed.
    says : str
        What it says, in a few words.
    kind : {"definition", "statement", "not transcribed"}
        Only a statement has checks.
    page : str
        The chapter where it stands.
    assumes : str
        What its proof takes for granted; empty where there is no proof.
    """

    printed: str
    says: str
    kind: str
    page: str
    assumes: str = ""


@dataclass(frozen=True)
class Check:
    """A test that checks statements, as the report has it.

    Parameters
    ----------
    file : str
        Name of the test file in `tests/theory`.
    function : str
        Name of the test.
    statements : tuple of str
        Names of the statements.
    grade : str
        One of `GRADES`.
    covers : str
        What was checked, with the range.
    measured : tuple of str
        Numbers measured on the way, such as "slack = 1.8".
    """

    file: str
    function: str
    statements: tuple[str, ...]
    grade: str
    covers: str
    measured: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Name of the place on the page of the checks."""
        return f"check-{self.function.removeprefix('test_').replace('_', '-')}"


def read_statements(path: Path) -> dict[str, Statement]:
    """Read the list of statements.

    Raises ValueError if an entry lacks a field, has another one, or an unknown kind.
    """
    found = {}
    for name, fields in tomllib.loads(path.read_text(encoding="utf-8")).items():
        try:
            found[name] = Statement(**fields)
        except TypeError as error:
            raise ValueError(f"{path.name}: {name}: {error}") from None
        if found[name].kind not in KINDS:
            raise ValueError(f"{path.name}: {name}: kind = {found[name].kind!r}; allowed: {', '.join(KINDS)}")
    return found


def read_report(path: Path, statements: Mapping[str, Statement]) -> list[Check]:
    """Read what the checks said.

    Raises ValueError if a test failed, was skipped, checks an unknown statement or a definition, or has an
    unknown grade.
    """
    if not path.is_file():
        return []
    checks = []
    for case in ElementTree.fromstring(path.read_text(encoding="utf-8")).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if any(case.find(outcome) is not None for outcome in ("failure", "error", "skipped")):
            raise ValueError(f"{path.name}: {name} did not pass")
        said: dict[str, list[str]] = {}
        for item in case.iter("property"):
            said.setdefault(str(item.get("name")), []).append(str(item.get("value")))
        if "statement" not in said:
            continue
        check = Check(
            file=f"{str(case.get('classname')).rsplit('.', 1)[-1]}.py",
            function=str(case.get("name")),
            statements=tuple(said["statement"]),
            grade=said["grade"][0],
            covers=said["covers"][0],
            measured=tuple(said.get("measured", ())),
        )
        for one in check.statements:
            if one not in statements or statements[one].kind != "statement":
                raise ValueError(f"{path.name}: {name} checks {one!r}, which is no statement to be checked")
        if check.grade not in GRADES:
            raise ValueError(f"{path.name}: {name}: grade {check.grade!r}; allowed: {', '.join(GRADES)}")
        checks.append(check)
    order = list(statements)
    return sorted(checks, key=lambda check: (order.index(check.statements[0]), check.file, check.function))


def grade(name: str, statements: Mapping[str, Statement], checks: list[Check]) -> str:
    """Return what the badge of a statement says.

    An erratum is one whatever else holds. A proof covers the whole statement, so that checks beside it take
    nothing from it.

    Raises ValueError if there is no such statement.
    """
    if name not in statements:
        raise ValueError(f"unknown statement {name!r}; it must be one of {', '.join(statements)}")
    if statements[name].kind != "statement":
        return statements[name].kind
    given = [check.grade for check in checks if name in check.statements]
    return min(given, key=list(GRADES).index) if given else NOT_RUN


def unchecked(path: Path, report: Path) -> list[str]:
    """Return the statements whose badge says "not run"."""
    statements = read_statements(path)
    checks = read_report(report, statements)
    return [name for name in statements if grade(name, statements, checks) == NOT_RUN]


def sources(path: Path) -> dict[str, str]:
    """Return the source of each test function of a file, with its decorators."""
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def run_checks(root: Path, report: Path, *, workers: int = 2) -> None:
    """Run the checks and write their report; an old one is removed first.

    Raises ChecksFailed if one of them fails; no report is left then.
    """
    report.parent.mkdir(parents=True, exist_ok=True)
    fresh = report.with_name(f".{report.name}.{os.getpid()}.tmp")
    command = [sys.executable, "-m", "pytest", str(FOLDER), "-q", "-n", str(workers), f"--junitxml={fresh}"]
    options = ["-p", "no:cacheprovider", "--deselect", str(FOLDER / "test_teeth.py")]
    try:
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [*command, *options], cwd=root, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=allowed(),
        )  # fmt: skip
        if done.returncode:
            raise ChecksFailed(done.stdout)
        os.replace(fresh, report)
    finally:
        fresh.unlink(missing_ok=True)
