"""The pages of a small book in a real browser: what a reader finds and does there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from press.run.project import Project

Serve = Callable[[Path], Any]
Watch = Callable[..., Any]


def test_links_lead_somewhere(built_book: Project, links: Callable[[Path], list[str]]) -> None:
    assert links(built_book.html) == []


@pytest.mark.parametrize("name", ["first", "ledger", "checks", "search", "404"])
def test_nothing_is_wrong_with_a_page(
    built_book: Project, serve: Serve, faults: Callable[..., list[str]], name: str
) -> None:
    assert faults(serve(built_book.html), f"{name}.html") == []


def test_formulas_and_figures_are_drawn(built_book: Project, watch: Watch) -> None:
    watched = watch()
    watched.open((built_book.html / "first.html").as_uri())
    assert watched.page.locator("mjx-container").count() == 1
    assert watched.page.locator("figure img").evaluate("image => image.naturalWidth") > 100
    assert len(watched.asked) > 6
    watched.page.close()


def test_figures_in_previews_wait_until_they_are_looked_at(built_book: Project) -> None:
    scripts = (built_book.html / "_static" / "tippy").rglob("*.js")
    images = [tag for path in scripts for tag in re.findall(r"<img[^>]*", path.read_text(encoding="utf-8"))]
    assert images and all(tag.startswith('<img loading=\\"lazy\\" ') for tag in images)


def test_links_show_what_they_lead_to(built_book: Project, serve: Serve, watch: Watch) -> None:
    page = (watched := watch()).page
    watched.open(serve(built_book.html).url + "first.html")
    link, tip = page.locator("a[href='#fig-first']:visible").first, page.locator("[role=tooltip]")
    link.hover()
    tip.wait_for()
    assert "Powers." in tip.inner_text()
    assert tip.locator("img").evaluate("async image => (await image.decode(), image.naturalWidth)") > 100
    page.mouse.move(0, 0)
    tip.wait_for(state="detached")
    page.locator("article a[href='second.html']").first.focus()  # the keyboard has them too
    tip.wait_for()
    assert "Another page." in tip.inner_text()
    assert watched.errors == []
    page.close()


def test_a_formula_keeps_its_comma_and_scrolls_where_it_is_too_wide(
    built_book: Project, serve: Serve, watch: Watch
) -> None:
    page = (watched := watch()).page
    watched.open(serve(built_book.html).url + "first.html")
    formula = page.locator("mjx-container")
    bound = formula.locator("xpath=ancestor::span[@class='unbroken']")
    assert bound.inner_text().endswith(",")
    assert bound.evaluate("span => getComputedStyle(span).whiteSpace") == "nowrap"
    narrow = "(box, width) => { box.closest('p').style.width = width; dispatchEvent(new Event('resize')); }"
    assert not formula.evaluate("box => box.matches('.too-wide')")
    formula.evaluate(narrow, "0.5em")
    assert formula.evaluate("box => box.matches('.too-wide') && box.scrollWidth > box.clientWidth")
    assert formula.get_attribute("tabindex") == "0"
    formula.evaluate(narrow, "20em")
    assert (
        not formula.evaluate("box => box.matches('.too-wide')") and formula.get_attribute("tabindex") is None
    )
    page.close()


def test_code_is_folded_and_opens_by_keyboard_one_by_one_or_all(
    built_book: Project, serve: Serve, watch: Watch
) -> None:
    server, page = serve(built_book.html), (watched := watch()).page
    watched.open(server.url + "first.html")
    assert page.get_by_text("number of points").first.is_visible()  # the parameters
    code = page.locator(".cell_input", has_text="import matplotlib.pyplot")
    assert not code.is_visible()
    page.locator("details.above-input > summary").first.focus()
    page.keyboard.press("Enter")
    assert code.is_visible()
    figure = page.locator("div.cell", has=page.locator("summary", has_text="Code of this figure"))
    assert not figure.locator(".cell_input").is_visible()
    page.get_by_role("link", name=re.compile(r"^cell \d+$")).first.click()
    assert figure.locator(".cell_input").is_visible()

    button = page.get_by_role("button", name="show all code")
    button.press("Space")
    folded = page.locator("details.above-input:not([open])")
    assert folded.count() == 0 and page.locator("details.above-input").count() == 2
    watched.open(server.url + "second.html")  # the choice is kept
    assert page.get_by_text("math.log(base)").is_visible()
    page.get_by_role("button", name="hide all code").click()
    assert not page.get_by_text("math.log(base)").is_visible()
    page.close()


def test_the_dark_theme_is_chosen_kept_and_left_for_paper(
    built_book: Project, serve: Serve, watch: Watch
) -> None:
    server, page = serve(built_book.html), (watched := watch()).page
    theme, picture = "document.documentElement.dataset.theme", "image => getComputedStyle(image).filter"
    watched.open(server.url + "first.html")
    figure = page.locator("figure img")
    assert page.evaluate(theme) == "light" and figure.evaluate(picture) == "none"
    button = page.locator("button.theme-switch-button")
    for _ in range(3):
        if page.evaluate(theme) != "dark":
            button.click()
    assert page.evaluate(theme) == "dark" and "invert" in figure.evaluate(picture)
    watched.open(server.url + "second.html")
    assert page.evaluate(theme) == "dark"
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
    page.close()


@pytest.mark.parametrize("served", [True, False])
def test_search(built_book: Project, serve: Serve, watch: Watch, served: bool) -> None:
    start = serve(built_book.html).url if served else built_book.html.as_uri() + "/"
    page = (watched := watch()).page
    watched.open(start + "search.html")
    page.locator(".bd-search-container input[name=q]").fill("formula")  # found while one types
    result = page.locator("#search-results ul.search li").first
    result.wait_for()
    assert result.locator("a").inner_text().endswith("First page")
    page.keyboard.press("Enter")  # and kept in the address
    page.wait_for_url("**/search.html?q=formula*")
    result.wait_for()
    assert result.locator("p.context mark").first.inner_text() == "formula"
    page.locator(".bd-search-container input[name=q]").fill("zyzzyva")
    page.get_by_role("status").filter(has_text="Nothing").wait_for()
    page.locator(".bd-search-container input[name=q]").fill("formula")
    result.locator("a").click()
    page.wait_for_url("**/first.html*")
    assert watched.errors == []
    page.close()


def test_the_downloaded_notebook_opens_and_runs_again(
    built_book: Project, serve: Serve, watch: Watch, tmp_path: Path
) -> None:
    page = (watched := watch()).page
    watched.open(serve(built_book.html).url + "first.html")
    for number, link in enumerate(page.locator("a[href$='/first.ipynb']").all()):
        with page.expect_download() as download:
            link.evaluate("link => link.click()")
        assert download.value.suggested_filename == "first.ipynb"
        download.value.save_as(tmp_path / f"{number}.ipynb")
    page.close()
    assert number == 3  # below the title, in the theme's menu, below the figure, at the end
    assert len({path.read_bytes() for path in tmp_path.glob("?.ipynb")}) == 1
    command = [sys.executable, "-m", "papermill", str(tmp_path / "0.ipynb"), str(tmp_path / "again.ipynb")]
    subprocess.run([*command, "-p", "count", "5"], cwd=built_book.root, check=True, capture_output=True)
    again = nbformat.read(tmp_path / "again.ipynb", as_version=4)
    glued = [str(o.get("data")) for c in again.cells if c.cell_type == "code" for o in c.outputs]
    assert any("text/plain': '30.0'" in text for text in glued)  # 1 + 4 + 9 + 16; the page says 14


@pytest.mark.parametrize("address", ["missing.html", "deep/er/missing.html"])
def test_a_missing_page_shows_the_way_back(
    built_book: Project, serve: Serve, watch: Watch, address: str
) -> None:
    page = (watched := watch()).page
    watched.open(serve(built_book.html).url + address)
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="Second page").click()
    page.wait_for_url("**/below/a/path/second.html")
    assert page.locator("main h1:visible").inner_text().startswith("Second page")
    page.close()


def test_what_stands_below_a_title_and_at_the_end(built_book: Project, serve: Serve, watch: Watch) -> None:
    page = (watched := watch()).page
    watched.open(serve(built_book.html).url + "first.html")
    line = page.locator(".byline").inner_text()
    assert re.search(r"About \d minutes to read", line) and "ran in" in line
    page.get_by_role("link", name="cite", exact=True).click()
    entry = page.locator("pre", has_text="@misc{")
    assert "title = {{A small book}}" in entry.inner_text()
    page.goto(page.url.replace("cite", "second"))
    page.locator(".prev-next-area a.right-next").click()
    assert page.locator("main h1:visible").inner_text().startswith("What was reproduced")
    page.close()
