"""Pages as far as they changed: what is seen as a change, and that the book is the one from nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from press.run.project import Project
from press.site.html import _synchronise, _touch_references, outline

ROOT = Path(__file__).resolve().parents[3]
ENTRY = "@misc{trees, author = {A. Birch}, title = {On trees}, year = {2020}}\n"
TEXT = """# Title

(here)=
Words, $x$ and {eq}`eq-a`.

$$ y $$ (eq-a)

```{figure} a.png
:name: fig-a
```
"""


@pytest.mark.parametrize(("old", "new", "same"), [
    ("Words", "Other words", True),
    ("$x$", "$z$", True),
    ("# Title", "# Another title", False),
    ("(here)=", "(there)=", False),
    ("(eq-a)\n", "(eq-b)\n", False),
    (":name: fig-a", ":name: fig-b", False),
    ("$$ y $$ (eq-a)", "$$ y $$ (eq-a)\n\n$$ w $$ (eq-w)", False),
])  # fmt: skip
def test_the_outline_is_what_other_pages_may_show(old: str, new: str, same: bool) -> None:
    assert old in TEXT and (outline(TEXT.replace(old, new)) == outline(TEXT)) == same


def test_only_files_that_differ_are_touched(tmp_path: Path) -> None:
    fresh, site = tmp_path / "fresh", tmp_path / "site"
    for folder, other in ((fresh, "new"), (site, "old")):
        (folder / "deep").mkdir(parents=True)
        (folder / "same.md").write_text("same")
        (folder / "deep" / "other.md").write_text(other)
    (fresh / "more.md").write_text("more")
    (site / "gone.md").write_text("gone")
    os.utime(site / "same.md", (1, 1))
    assert _synchronise(fresh, site) == {"deep/other.md", "more.md"}
    assert (site / "same.md").stat().st_mtime == 1 and not (site / "gone.md").exists()
    assert (site / "deep" / "other.md").read_text() == "new" and (site / "more.md").read_text() == "more"


def test_pages_that_refer_to_a_changed_one_are_rendered_again(tmp_path: Path) -> None:
    figure = {"mystnb": {"figure": {"name": "fig-b"}}}
    cell = {"cell_type": "code", "metadata": figure, "source": "", "outputs": []}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell]}))
    for name, text in {"b": "see {ref}`fig-b`", "c": "see {ref}`fig-c`"}.items():
        (tmp_path / f"{name}.md").write_text(text)
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    _touch_references(tmp_path, {"a.ipynb"})
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_mtime > 1] == ["b.md"]


def differences(old: Path, new: Path) -> list[str]:
    spec = importlib.util.spec_from_file_location("compare_books", ROOT / "bench" / "compare_books.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[str] = module.compare(old, new)
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def build(book: Project) -> None:
    command = [sys.executable, "-m", "press", "book"]
    done = subprocess.run(command, cwd=book.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_book_rendered_in_part_is_the_book_from_nothing(book: Project, tmp_path: Path) -> None:
    (book.book / "references.bib").write_text(ENTRY, encoding="utf-8")
    more = "Another page, {ref}`fig-first`, {cite}`trees`.\n\n```{bibliography}\n```\n"
    edit(book.book / "second.md", "Another page.\n", more)
    build(book)
    listed = (book.html / "second.html").read_text(encoding="utf-8").count("On trees")
    untouched = (book.build / "render" / "_build" / "html" / "cite.html").stat().st_mtime_ns

    # prose, a caption that another page shows, a page with a bibliography, a damaged record
    edit(book.book / "second.md", "Another page,", "Anotherr page,")
    edit(book.book / "first.md", "caption: Powers.", "caption: Some powers.")
    (book.build / "render" / "finished.json").write_text("{")  # damaged
    build(book)
    assert (book.build / "render" / "_build" / "html" / "cite.html").stat().st_mtime_ns == untouched
    second = (book.html / "second.html").read_text(encoding="utf-8")
    assert "Anotherr page" in second and "Some powers" in second
    assert second.count("On trees") == listed > 0
    in_part = [shutil.copytree(book.html, tmp_path / "text")]
    expected = [from_nothing(book, tmp_path / "text from nothing")]

    # a page less, another label, another grade of a statement, another entry of the bibliography
    edit(book.root / "_toc.yml", "  - file: cite\n", "")
    (book.book / "cite.md").unlink()
    for chapter in ("first", "second"):
        edit(book.book / f"{chapter}.md", "fig-first", "fig-powers")
    edit(book.root / "tests" / "theory" / "test_sum.py", 'grade="proved"', 'grade="checked"')
    edit(book.book / "references.bib", "On trees", "On old trees")
    build(book)
    assert not (book.html / "cite.html").exists()
    in_part.append(shutil.copytree(book.html, tmp_path / "contents"))
    expected.append(from_nothing(book, tmp_path / "contents from nothing"))
    assert [differences(old, new) for old, new in zip(expected, in_part, strict=True)] == [[], []]


def from_nothing(book: Project, place: Path) -> Path:
    """Build the pages again without any state, and keep them."""
    shutil.rmtree(book.build / "render")
    (book.build / "results" / "book").unlink()
    build(book)
    return shutil.copytree(book.html, place)
