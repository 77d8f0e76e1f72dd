from __future__ import annotations

import ast
from pathlib import Path

import pytest

from press.evidence.sources import anchor, check_source

SOURCE = """import pytest

LIMIT = 3  # of everything
UNUSED = LIMIT


def helper():
    return LIMIT


@pytest.fixture
def data():
    return helper()


@pytest.mark.parametrize("x", [1])
def test_a(data, x):
    assert data


def test_b():
    pass


class TestC:
    def test_d(self):
        assert LIMIT
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def test_fixtures_helpers_and_constants_come_with_a_test(root: Path) -> None:
    text = check_source(root, "tests/test_x.py::test_a[1]")
    defined = [getattr(node, "name", "LIMIT") for node in ast.parse(text).body]
    assert defined == ["LIMIT", "helper", "data", "test_a"]
    assert "@pytest.fixture" in text and "@pytest.mark.parametrize" in text


def test_no_more_than_is_used(root: Path) -> None:
    assert check_source(root, "tests/test_x.py::test_b") == "def test_b():\n    pass"
    assert check_source(root, "tests/test_x.py::TestC::test_d").startswith(
        "LIMIT = 3  # of everything\n\n\nclass TestC"
    )


def test_a_test_that_does_not_exist(root: Path) -> None:
    with pytest.raises(ValueError, match="does not define test_z"):
        check_source(root, "tests/test_x.py::test_z")


def test_parameters_share_an_anchor_and_tests_do_not() -> None:
    assert anchor("tests/a.py::test_b[1]") == anchor("tests/a.py::test_b[2]")
    assert (
        len({anchor("tests/a.py::test_b"), anchor("tests/a.py::test_c"), anchor("tests/b.py::test_b")}) == 3
    )
