"""The list of statements and the report of their checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from press.evidence.statements import (
    ChecksFailed,
    Statement,
    grade,
    read_report,
    read_statements,
    run_checks,
    sources,
    unchecked,
)

STATEMENTS = {
    "one": Statement("(1)", "a definition", "definition", "page"),
    "two": Statement("(2)", "an identity", "statement", "page"),
    "three": Statement("(3)", "a bound", "statement", "page"),
}
CASE = """<testcase classname="tests.theory.test_{file}" name="test_{name}" time="1">
<properties>{said}</properties>{outcome}</testcase>"""


def case(
    name: str, *statements: str, grade: str = "proved", outcome: str = "", measured: tuple[str, ...] = ()
) -> str:
    said = [("statement", one) for one in statements]
    said += [("grade", grade), ("covers", "everything"), *(("measured", one) for one in measured)]
    properties = "".join(f'<property name="{key}" value="{value}" />' for key, value in said)
    return CASE.format(file="file", name=name, said=properties, outcome=outcome)


def report(tmp_path: Path, *cases: str) -> Path:
    path = tmp_path / "theory.xml"
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>", encoding="utf-8")
    return path


def test_a_report_is_read(tmp_path: Path) -> None:
    other = '<testcase classname="tests.theory.test_file" name="test_other" time="1" />'
    path = report(tmp_path, case("identity", "two", "three", measured=("slack = 2",)), other)
    (check,) = read_report(path, STATEMENTS)
    assert (check.file, check.function, check.statements) == (
        "test_file.py",
        "test_identity",
        ("two", "three"),
    )
    assert (check.grade, check.covers, check.measured) == ("proved", "everything", ("slack = 2",))
    assert check.anchor == "check-identity"


def test_the_badge_says_erratum_or_the_strongest_grade(tmp_path: Path) -> None:
    cases = [case("a", "two", grade="checked"), case("b", "two"), case("c", "two", grade="erratum")]
    for count, expected in ((1, "checked"), (2, "proved"), (3, "erratum")):
        checks = read_report(report(tmp_path, *cases[:count]), STATEMENTS)
        assert grade("two", STATEMENTS, checks) == expected
        assert grade("three", STATEMENTS, checks) == "not run"
        assert grade("one", STATEMENTS, checks) == "definition"


def test_without_a_report_nothing_has_run(tmp_path: Path) -> None:
    assert read_report(tmp_path / "theory.xml", STATEMENTS) == []


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (case("a", "two", outcome='<failure message="no" />'), "test_a did not pass"),
        (case("a", "two", outcome="<skipped />"), "test_a did not pass"),
        (case("a", "four"), "'four', which is no statement"),
        (case("a", "one"), "'one', which is no statement"),
        (case("a", "two", grade="believed"), "grade 'believed'; allowed"),
    ],
)
def test_a_report_that_must_not_be_shown(broken: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_report(report(tmp_path, broken), STATEMENTS)


def test_unknown_statement() -> None:
    with pytest.raises(ValueError, match="unknown statement 'four'; it must be one of one, two, three"):
        grade("four", STATEMENTS, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[a]\nprinted = "(1)"\nsays = ""\nkind = "wish"\npage = "p"', "kind = 'wish'"),
        ('[a]\nprinted = "(1)"\nsays = ""\nkind = "statement"', "page"),
        ('[a]\nprinted = "(1)"\nsays = ""\nkind = "statement"\npage = "p"\nmore = 1', "more"),
    ],
)
def test_a_bad_list_of_statements(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "statements.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_statements(path)


def test_source_of_a_check_with_its_decorators(tmp_path: Path) -> None:
    path = tmp_path / "test_file.py"
    path.write_text(
        "import x\n\n\n@x.mark(\n    1\n)\ndef test_a() -> None:\n    pass\n\n\ndef helper(): ...\n"
    )
    assert sources(path) == {"test_a": "@x.mark(\n    1\n)\ndef test_a() -> None:\n    pass"}


def test_checks_run_and_leave_a_report_only_if_all_pass(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "theory"
    folder.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_teeth.py").write_text("def test_left_out():\n    assert False\n")
    (folder / "test_some.py").write_text("def test_fine():\n    pass\n")
    target = tmp_path / "_build" / "results" / "theory.xml"
    run_checks(tmp_path, target, workers=0)
    assert 'name="test_fine"' in target.read_text("utf-8")
    (folder / "test_some.py").write_text("def test_wrong():\n    assert 1 == 2\n")
    with pytest.raises(ChecksFailed, match="test_wrong"):
        run_checks(tmp_path, target, workers=0)
    assert list(target.parent.iterdir()) == []


def test_statements_that_no_check_has_reached(tmp_path: Path) -> None:
    path = tmp_path / "statements.toml"
    entry = '[{}]\nprinted = "(1)"\nsays = "so"\nkind = "{}"\npage = "rates"\n'
    kinds = {"one": "definition", "two": "statement", "three": "statement"}
    path.write_text("".join(entry.format(*item) for item in kinds.items()), encoding="utf-8")
    assert unchecked(path, tmp_path / "theory.xml") == ["two", "three"]
    assert unchecked(path, report(tmp_path, case("a", "two"))) == ["three"]
