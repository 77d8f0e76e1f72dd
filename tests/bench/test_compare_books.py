"""What the comparison of two built books sees, and what it must not see."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "compare_books.py"
PAGE = """<nav>menu</nav>
<article class="bd-article"><h1 id="t">Rates<a class="headerlink" href="#t">#</a></h1>
<div class="byline">About 3 minutes</div><p>The slope is <b>-0.5</b>, see <a href="b.html#t">b</a>.</p>
<div class="cell_input">code()</div><img alt="A line" src="a.png"><table><tr><td>rates</td>
<td>2026-01-02 03:04</td><td>12.5</td></tr></table>
<section id="parameters"><p>Made here</p></section></article>"""


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("old", "new"):
        (tmp_path / name / "api").mkdir(parents=True)
        for page in ("a", "b", "api/x"):
            (tmp_path / name / f"{page}.html").write_text(PAGE)
        (tmp_path / name / "a.png").write_bytes(b"picture")
        (tmp_path / name / "api" / "b.html").write_text(PAGE)
    return tmp_path / "old", tmp_path / "new"


def compare(books: tuple[Path, Path], status: int, capsys: pytest.CaptureFixture[str]) -> str:
    spec = importlib.util.spec_from_file_location("compare_books", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main([str(book) for book in books]) == status
    return capsys.readouterr().out


def edit(book: Path, old: str, new: str, page: str = "a.html") -> None:
    text = (book / page).read_text()
    assert old in text
    (book / page).write_text(text.replace(old, new))


def test_what_differs_from_build_to_build_is_left_out(
    books: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for old, new in {
        "menu": "other menu", "About 3": "About 4", "code()": "other()", "Made here": "Made there",
        "2026-01-02 03:04": "2027-05-06 07:08", ">12.5<": ">99.5<",
    }.items():  # fmt: skip
        edit(books[1], old, new)
    edit(books[1], "Rates", "Other", "api/x.html")
    assert compare(books, 0, capsys) == "no differences\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-0.5", "-0.6", "-The slope is -0.5, see b.\n+The slope is -0.6, see b."),
        ("b.html#t", "b.html#gone", "a.html: b.html#gone"),
        ("b.html#t", "c.html", "a.html: c.html"),
        ("a.png", "b.png", "a.html: pictures differ: A line"),
    ],
)
def test_what_a_reader_sees_is_compared(
    books: tuple[Path, Path], old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(books[1], old, new)
    assert said in compare(books, 1, capsys)


def test_pages_that_one_book_lacks_are_named(
    books: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (books[0] / "b.html").unlink()
    assert f"b.html: only in {books[1]}" in compare(books, 1, capsys)
