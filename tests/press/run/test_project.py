from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import pytest

from press.run.disk.files import write_atomically
from press.run.project import Project, is_notebook


def test_pages_and_chapters(book: Project) -> None:
    assert book.pages() == ["first", "second", "ledger", "checks", "cite"]
    assert book.chapters() == ["first", "second"]


def test_nested_tables_of_contents_are_read(book: Project) -> None:
    toc = "root: first\nparts:\n- chapters:\n  - file: second\n    sections:\n    - file: ledger\n"
    (book.root / "_toc.yml").write_text(toc)
    assert book.pages() == ["first", "second", "ledger"]


@pytest.mark.parametrize(("line", "message"), [("absent", "absent.md does not exist"), ("second", "twice")])
def test_bad_tables_of_contents(book: Project, line: str, message: str) -> None:
    with (book.root / "_toc.yml").open("a") as toc:
        toc.write(f"  - file: {line}\n")
    with pytest.raises(ValueError, match=message):
        book.pages()


@pytest.mark.parametrize("name", ["third", "ledger", "../first", ""])
def test_unknown_chapters_are_named_with_the_known(book: Project, name: str) -> None:
    with pytest.raises(ValueError, match="the chapters are: first, second"):
        book.source(name)


@pytest.mark.parametrize("given", ["first", "first.md", "book/first.md", "./book/first.md"])
def test_a_chapter_may_be_given_as_its_file(book: Project, given: str) -> None:
    assert book.chapter(given) == "first"


@pytest.mark.parametrize("given", ["first.ipynb", "other/first.md", "book/ledger.md", "/book/first.md"])
def test_another_file_is_no_chapter(book: Project, given: str) -> None:
    with pytest.raises(ValueError, match="the chapters are: first, second"):
        book.chapter(given)


def test_bad_front_matter_names_its_file(book: Project) -> None:
    (book.book / "second.md").write_text("---\nkernelspec: {}\nkernelspec: {}\n---\n")
    with pytest.raises(ValueError, match=r"second\.md: front matter: .*'kernelspec' stands in line 1 and"):
        book.chapters()


def test_prose_is_no_notebook(book: Project) -> None:
    path = book.root / "prose.md"
    path.write_text("---\ntitle: x\n---\n# x\n")
    assert not is_notebook(path) and not is_notebook(book.book / "ledger.md")


def test_the_root_is_the_working_directory(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(book.root)
    assert Project.here().root.samefile(book.root)
    monkeypatch.chdir(book.book)
    with pytest.raises(ValueError, match="project's root"):
        Project.here()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new directory" / "x.txt"
    write_atomically(path, "old")

    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]


def test_a_full_disk_is_reported_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_atomically(path, "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # Python ignores the signal
    try:
        with pytest.raises(OSError, match=re.escape(str(path))):
            write_atomically(path, "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
