from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sphinx.errors import ExtensionError

from press import sphinx_ext
from press.ledger import record


def rows() -> list[Any]:
    good = record("Table 1", "gamma=2 p=1 q=1", 0.49, sd=0.01, check="tests/test_a.py::test_a")
    bad = record(
        "Table 1", "gamma=2 p=1 q=2", 0.9, sd=0.01, check="tests/test_a.py::test_b", why="tried <all>"
    )
    return [good | {"chapter": "rates"}, bad | {"chapter": "rates"}]


def test_counts() -> None:
    text = sphinx_ext._counts(rows()).astext()
    assert "match: 1 of 2" in text and "explained: 0 of 2" in text and "unreproduced: 1 of 2" in text


def test_every_row_has_its_numbers_verdict_reason_and_check() -> None:
    table = sphinx_ext._table(rows())
    text = table.astext()
    for part in ("0.49", "0.9000", "unreproduced", ": tried <all>", "tests/test_a.py::test_b", "rates"):
        assert part in text
    assert {len(row.children) for row in table.findall(sphinx_ext.nodes.row)} == {len(sphinx_ext.HEADER)}


@pytest.mark.parametrize("url", ["https://example.org/x.js", "http://example.org/x.js", "//example.org/x.js"])
def test_files_of_other_hosts_are_refused(url: str) -> None:
    context = {"script_files": ["_static/a.js", SimpleNamespace(filename=url)], "css_files": []}
    with pytest.raises(ExtensionError, match="another host"):
        sphinx_ext._check_files(None, "rates", "page.html", context, None)  # type: ignore[arg-type]


def test_the_styles_of_thebe_are_left_out() -> None:
    context: dict[str, Any] = {"css_files": ["_static/sphinx-thebe.css", "_static/book.css"]}
    sphinx_ext._check_files(None, "rates", "page.html", context, None)  # type: ignore[arg-type]
    assert context["css_files"] == ["_static/book.css"]
