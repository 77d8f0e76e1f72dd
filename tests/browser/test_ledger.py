"""The table of the ledger in a real browser: search, choices, sorting, keyboard, and no script at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from opgd.paper import reported
from press.chapter.record import record
from press.pages.ledger import numbers

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = """
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = [("filter.js", {"defer": "defer"})]
html_theme = "basic"
html_sidebars = {"**": []}
numfig = True
"""
OFF = {"gamma=1.1 p=1 q=1": 0.1, "gamma=2 p=1 q=1": -0.2, "gamma=3 p=1 q=1": 0.0, "gamma=3 p=1 q=2": 0.01}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the ledger's own table of five rows, built by Sphinx with the project's script."""
    root = tmp_path_factory.mktemp("ledger")
    rows = [
        record(
            "Table 1", cell, reported.lookup("Table 1", cell).value + off, sd=0.01, check="tests/a.py::test_a"
        )
        for cell, off in OFF.items()
    ]
    rows.append(
        record("Figure 1", "gamma=3 vanilla_error slope", -0.4, sd=0.001, check="tests/a.py::test_b",
               why="the truncation", verdict="explained")
    )  # fmt: skip
    (root / "static").mkdir()
    for name in ("filter.js", "book.css"):
        shutil.copy(ROOT / "book" / "assets" / name, root / "static")
    (root / "conf.py").write_text(CONFIGURATION)
    text = numbers([row | {"chapter": "index"} for row in rows], {}, linked=False)  # type: ignore[list-item]
    (root / "index.md").write_text(f"# Ledger\n\n{text}", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(root), str(root / "html")]
    subprocess.run(command, cwd=ROOT, check=True)
    return root / "html" / "index.html"


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    errors: list[str] = []
    found = browser.new_page()
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    found.goto(page_file.as_uri())
    yield found
    found.close()
    assert errors == []


def column(page: Page, number: int) -> list[str]:
    """Texts of a column, visible rows only."""
    cells = page.locator(f"table.filterable tbody tr:visible td:nth-child({number})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_search_and_choices_filter_together_and_the_count_is_live(page: Page) -> None:
    status = page.get_by_role("status")
    assert status.inner_text() == "5 of 5 rows shown"
    page.get_by_label("Item").select_option("Table 1")
    assert status.inner_text() == "4 of 5 rows shown" and set(column(page, 1)) == {"Table 1"}
    page.get_by_label("Search").fill("GAMMA=3 p=1")  # any case, words in any order
    assert column(page, 2) == ["gamma=3 p=1 q=1", "gamma=3 p=1 q=2"]
    page.get_by_label("Verdict").select_option("unreproduced")
    assert status.inner_text() == "0 of 5 rows shown" and column(page, 1) == []
    page.get_by_label("Search").fill("")
    assert status.inner_text() == "2 of 5 rows shown"
    for name in ("Item", "Verdict"):
        page.get_by_label(name).select_option("all")
    assert status.inner_text() == "5 of 5 rows shown"


def test_reasons_are_searched_but_a_verdict_is_chosen_by_its_word(page: Page) -> None:
    page.get_by_label("Search").fill("truncation")
    assert column(page, 1) == ["Figure 1"]
    options = page.get_by_label("Verdict").locator("option").all_inner_texts()
    assert sorted(options) == ["all", "explained", "match", "unreproduced"]


def test_numbers_are_sorted_as_numbers_and_the_third_click_restores_the_order(page: Page) -> None:
    before = column(page, 6)
    head = page.locator("table.filterable th").nth(5)
    button = head.get_by_role("button")
    assert head.get_attribute("aria-sort") == "none"
    button.click()
    values = [float(text) for text in column(page, 6)]
    assert values == sorted(values) and values[0] < -10 < 9 < values[-1]
    assert head.get_attribute("aria-sort") == "ascending"
    button.click()
    assert [float(text) for text in column(page, 6)] == sorted(values, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"
    button.click()
    assert column(page, 6) == before and head.get_attribute("aria-sort") == "none"


def test_the_keyboard_suffices(page: Page) -> None:
    page.get_by_label("Search").focus()
    page.keyboard.type("table")
    page.keyboard.press("Tab")  # Item
    page.keyboard.press("Tab")  # Verdict
    page.keyboard.type("mat")
    assert set(column(page, 8)) == {"match"} and len(column(page, 8)) == 2
    page.keyboard.press("Tab")  # title of the first column
    assert page.evaluate("document.activeElement.className") == "filter-sort"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert column(page, 2) == ["gamma=3 p=1 q=2", "gamma=3 p=1 q=1"]
    sorted_by = page.locator("table.filterable th[aria-sort]").evaluate_all(
        "heads => heads.map(head => head.getAttribute('aria-sort'))"
    )
    assert sorted_by == ["none", "descending"] + ["none"] * 7


def test_without_scripts_the_table_is_complete(browser: Browser, page_file: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(page_file.as_uri())
    assert len(column(page, 1)) == 5
    assert page.locator("input, select, button.filter-sort").count() == 0
    page.close()
