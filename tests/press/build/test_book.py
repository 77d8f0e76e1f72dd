"""The engine of the book, with chapters that run at once and pages that are one file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import press.build.book
import press.evidence.statements
import press.site.html
from press.__main__ import main
from press.build.book import build_book
from press.evidence.statements import ChecksFailed
from press.run.disk.store import Store
from press.run.execute import ChapterFailed
from press.run.project import Project
from press.site.html import SiteFailed

from ..conftest import edit

REPORT = '<testsuite><testcase classname="test_sum" name="test_sum"/></testsuite>'


class Steps(list[str]):
    """The steps that were taken, besides the chapters; `fail` names one that fails."""

    fail = ""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    taken = Steps()

    def take(
        step: str, error: type[Exception], place: Callable[[Any], Path], text: str
    ) -> Callable[..., None]:
        def act(first: Any, *rest: Any) -> None:
            taken.append(step)
            if taken.fail == step:
                raise error(f"{step} on purpose")
            path = place(rest[0] if rest else first)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

        return act

    checks = take("theory", ChecksFailed, lambda report: report, REPORT)
    monkeypatch.setattr(press.evidence.statements, "run_checks", checks)
    pages = take("pages", SiteFailed, lambda project: project.html / "index.html", "a page")
    monkeypatch.setattr(press.site.html, "build", pages)
    monkeypatch.delenv("CI", raising=False)
    return taken


def build(
    book: Project, runs: list[str], steps: Steps, profile: str = "default", **options: Any
) -> list[str]:
    """Build, and return what was executed and which steps were taken."""
    runs.clear()
    steps.clear()
    code = build_book(book, profile, **options)
    assert code == (1 if steps.fail else 0)
    return [*sorted(runs), *steps]


def test_only_what_changed_is_done_again_and_the_reason_is_told(
    book: Project, instant: Any, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    def did(*wanted: str, profile: str = "default") -> str:
        assert build(book, instant, steps, profile) == list(wanted)
        said = capsys.readouterr()
        assert f"The book is {book.html / 'index.html'} ({len(instant)} chapters executed, " in said.out
        return said.err

    said = did("first", "second", "theory", "pages")
    assert "2 of 2 chapters to execute:\n  first: never executed\n  second: never executed\n" in said
    assert "first: executed in " in said
    assert did() == ""
    first, second = book.source("first"), book.source("second")

    for old, new in (("Another page.", "Anther page."), ("# Second page", "# Second page\n\nMore.\n\n+++\n")):
        edit(second, old, new)
        did("pages")
        assert new.split()[0] in (book.executed / "second.ipynb").read_text()
    edit(first, "caption: Powers.", "caption: Some powers.")
    edit(first, "alt: A line", "alt: The line")
    did("pages")
    assert "caption: Some powers." not in (book.executed / "first.ipynb").read_text()
    assert "Some powers." in (book.executed / "first.ipynb").read_text()
    edit(book.root / "sums" / "powers.py", '"""', '"""Other words. ')
    did("pages")
    edit(book.root / "press" / "pages" / "provenance.py", "How this page was made", "How it was made")
    did("pages")
    edit(book.root / "tests" / "theory" / "test_sum.py", '"one case"', '"a case"')
    did("theory", "pages")

    edit(second, "math.log(base)", "math.log(base) + 1")
    assert "1 of 2 chapters to execute:\n  second: code cell 2 changed (" in did("second", "pages")
    edit(book.root / "sums" / "powers.py", "annotations\n", "annotations\nX = 1\n")
    assert "first: sums/powers.py changed" in did("first", "theory", "pages")
    did("first", "second", "pages", profile="smoke")
    assert "to execute" not in did("pages")  # both profiles are in the store
    edit(book.root / "profiles" / "smoke.yml", "count: 2", "count: 3")
    said = did("first", "pages", profile="smoke")
    assert "first: parameter count and 1 more changed" in said  # the last book was another
    edit(second, "math.log(base) + 1", "math.log(base)")
    edit(book.root / "sums" / "powers.py", "annotations\nX = 1\n", "annotations\n")
    did("theory", "pages")  # as it was before: it is all there


@pytest.mark.parametrize(
    "what", ["executed/second.ipynb", "results/ledger.json", "html/index.html", "results/book"]
)
@pytest.mark.parametrize("damage", ["half", "gone", "noise"])
def test_what_was_made_and_is_damaged_is_made_again(
    book: Project, instant: Any, steps: Steps, what: str, damage: str
) -> None:
    build(book, instant, steps)
    path = book.build / what
    content = path.read_bytes()
    path.write_bytes({"half": content[: len(content) // 2], "noise": b"\xff" * 99}.get(damage, b""))
    if damage == "gone":
        path.unlink()
    assert build(book, instant, steps) == ["pages"]
    if what.startswith(("executed", "results/l")):
        assert path.read_bytes() == content
    assert build(book, instant, steps) == []


def test_a_damaged_run_in_the_store_is_made_again_when_it_is_needed(
    book: Project, instant: Any, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    build(book, instant, steps)
    for name in Store(book.store).names():
        Store(book.store).path(name).write_bytes(b"x")
    assert build(book, instant, steps) == []  # the book itself is whole
    edit(book.source("second"), "Another page.", "Another.")
    assert build(book, instant, steps) == ["first", "second", "pages"]
    assert "first: its run in the store is gone or damaged" in capsys.readouterr().err


def test_a_failed_chapter_stops_no_other_and_nothing_stale_is_published(
    book: Project, instant: Any, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    build(book, instant, steps)
    for chapter, old in (("first", "k**power"), ("second", "math.log(base)")):
        edit(book.source(chapter), old, f"1 + {old}")

    def fail(chapter: str, parameters: dict[str, Any]) -> None:
        if chapter == "first":
            raise ChapterFailed("first: ArithmeticError in the cell\n  a long\n  trace", '{"cells": []}')

    instant.before = fail
    steps.fail = "any"
    assert build(book, instant, steps) == ["first", "second"]
    said = capsys.readouterr()
    assert "first: FAILED in " in said.err and "second: executed in " in said.err
    assert "ArithmeticError in the cell\n  a long\n  trace\nthe notebook up to there is _build/" in said.err
    assert "The book was not built (" in said.out
    assert not (book.executed / "first.ipynb").exists() and (book.executed / "second.ipynb").exists()
    assert (book.html / "index.html").read_text() == "a page"
    assert build(book, instant, steps) == ["first"]
    assert "first: failed the last time" in capsys.readouterr().err
    instant.before, steps.fail = lambda chapter, parameters: None, ""
    assert build(book, instant, steps) == ["first", "pages"]
    assert not (book.failed / "first.ipynb").exists()


def test_what_must_not_be_published_needs_no_new_run(
    book: Project,
    instant: Any,
    steps: Steps,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build(book, instant, steps)
    steps.fail = "any"
    with monkeypatch.context() as patch:
        patch.setattr("press.run.refusals.inspect", lambda notebook, chapter: [f"{chapter}: no words"])
        edit(book.source("second"), "Another page.", "Another.")
        assert build(book, instant, steps) == []
        assert "second: no words" in capsys.readouterr().err and not (book.executed / "second.ipynb").exists()
    steps.fail = ""
    assert build(book, instant, steps) == ["pages"]


@pytest.mark.parametrize("step", ["theory", "pages"])
def test_a_failed_step_is_told_and_taken_again(
    book: Project, instant: Any, steps: Steps, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.fail = step
    assert build(book, instant, steps)[-1] == step
    assert f"{step}: {step} on purpose" in capsys.readouterr().err
    assert build(book, instant, steps) == [step]
    steps.fail = ""
    assert build(book, instant, steps)[-1] == "pages" and build(book, instant, steps) == []


def test_what_is_edited_while_pages_are_made_is_seen_the_next_time(
    book: Project, instant: Any, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = press.site.html.build

    def meanwhile(project: Project) -> None:
        pages(project)
        edit(book.source("second"), "Another", "Yet another")

    with monkeypatch.context() as patch:
        patch.setattr(press.site.html, "build", meanwhile)
        build(book, instant, steps)
    assert build(book, instant, steps) == ["pages"] and build(book, instant, steps) == []


def test_numbers_without_pages(
    book: Project, instant: Any, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(book, instant, steps, pages=False) == ["first", "second", "theory"]
    assert "The ledger is " in capsys.readouterr().out and not book.html.exists()
    assert json.loads(book.ledger.read_text()) == []
    assert build(book, instant, steps, pages=False) == [] and build(book, instant, steps) == ["pages"]


def test_a_chapter_that_left_the_book_leaves_no_notebook(book: Project, instant: Any, steps: Steps) -> None:
    build(book, instant, steps)
    edit(book.root / "_toc.yml", "  - file: second\n", "")
    assert build(book, instant, steps) == ["pages"]
    assert [path.name for path in book.executed.iterdir()] == ["first.ipynb"]


def test_in_continuous_integration_every_statement_is_checked(
    book: Project,
    instant: Any,
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CI", "true")
    steps.fail = "any"
    assert build(book, instant, steps) == ["first", "second", "theory"]
    assert "pages: statements whose check has not run: sum" in capsys.readouterr().err


def test_book_sweep_and_single_runs_share_the_store(
    book: Project, instant: Any, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    (book.root / "grid.yml").write_text("product: {base: [10.0, 2.0]}\n")
    assert main(["run", "first"]) == 0 and main(["sweep", "second", "grid.yml", "-o", "results"]) == 0
    assert instant == ["first", "second", "second"]
    assert build(book, instant, steps) == ["theory", "pages"]  # neither is executed again
    assert build(book, instant, steps, "smoke") == ["first", "second", "pages"]
    instant.clear()
    assert (
        main(["run", "second", "-p", "base", "2"]) == 0 and main(["run", "first", "--profile", "smoke"]) == 0
    )
    (book.root / "grid.yml").write_text("points: [{}, {base: 2.0}]\n")
    assert main(["sweep", "second", "grid.yml", "-o", "more", "--profile", "default"]) == 0
    assert instant == []
    one = (book.root / "results" / "table.csv").read_text().splitlines()
    assert one == (book.root / "more" / "table.csv").read_text().splitlines()


def test_prune_says_what_is_of_no_use_and_removes_it_when_told(
    book: Project, instant: Any, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    build(book, instant, steps)
    assert main(["run", "second", "-p", "base", "2"]) == 0
    Store(book.store).put("part-000-x", b"1\nx")
    edit(book.source("first"), "power_sum(", "1 + power_sum(")
    names = Store(book.store).names()
    Store(book.store).path("second-0").write_bytes(b"x")
    capsys.readouterr()
    assert main(["prune"]) == 0
    said = capsys.readouterr().out
    assert ".gz: code cell 2 changed" in said and "second-0.gz: damaged" in said
    assert "part-000-x.gz: the library, the lock or Python changed" in said
    assert "3 files, 0.0 MB: of no use any more; --yes removes them" in said
    assert len(Store(book.store).names()) == len(names) + 1
    assert main(["prune", "--yes"]) == 0 and "3 files, 0.0 MB: removed" in capsys.readouterr().out
    assert [name for name in names if not name.startswith(("first", "part"))] == Store(book.store).names()
    shutil.rmtree(book.root / "book")
    assert main(["prune"]) == 0 and "unknown chapter 'second'" in capsys.readouterr().out


def test_a_build_directory_that_is_removed_is_told(
    book: Project, instant: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from press.build.alone import one_build

    def remove(chapter: str, parameters: dict[str, Any]) -> None:
        shutil.rmtree(book.build, ignore_errors=True)

    instant.before = remove
    with one_build(book):
        assert build_book(book, "default", pages=False) == 1
    said = capsys.readouterr()
    assert f"{book.build} was removed during the build; run it again" in said.err
    assert "Traceback" not in said.err and "book was" not in said.out
