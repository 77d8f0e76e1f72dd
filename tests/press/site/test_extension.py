from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from sphinx.errors import ExtensionError

from press.site import extension


@pytest.mark.parametrize("url", ["https://example.org/x.js", "http://example.org/x.js", "//example.org/x.js"])
def test_files_of_other_hosts_are_refused(url: str) -> None:
    context = {"script_files": ["_static/a.js", SimpleNamespace(filename=url)], "css_files": []}
    with pytest.raises(ExtensionError, match="another host"):
        extension._check_files(None, "rates", "page.html", context, None)  # type: ignore[arg-type]


def test_the_styles_of_thebe_are_left_out() -> None:
    context: dict[str, Any] = {"css_files": ["_static/sphinx-thebe.css", "_static/book.css"]}
    extension._check_files(None, "rates", "page.html", context, None)  # type: ignore[arg-type]
    assert context["css_files"] == ["_static/book.css"]


@pytest.mark.parametrize(("classes", "added"), [(["ledger"], []), (["ledger", "filterable"], ["filter.js"])])
def test_the_filter_is_loaded_where_a_table_wants_it(classes: list[str], added: list[str]) -> None:
    found: list[str] = []
    app: Any = SimpleNamespace(add_js_file=lambda name, **options: found.append(name))
    extension._add_filter(app, "ledger", "page.html", {}, nodes.container("", nodes.table(classes=classes)))
    assert found == []
    document = nodes.document(None, None)
    document += nodes.table(classes=classes)
    extension._add_filter(app, "ledger", "page.html", {}, document)
    assert found == added
