"""Outputs of a run, joined to the prose of today."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from press.run.execute import ChapterFailed, execute, finish, obtain, recall
from press.run.key import Point
from press.run.notebook import clean_notebook, dump, join
from press.run.outputs import SECONDS
from press.run.parameters import read_parameters, resolve
from press.run.project import Project
from press.run.store import Store

from ..conftest import edit


def point(book: Project, **values: object) -> Point:
    return Point.of(book, "first", "default", resolve(read_parameters(book.source("first")), values))


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_prose_of_today_and_outputs_of_the_run(book: Project, instant: list[str]) -> None:
    run = obtain(book, point(book, count=7))
    edit(book.source("first"), "# First page", "# Another title\n\nA paragraph more.\n\n+++\n\nA cell more.")
    edit(book.source("first"), "caption: Powers.", "caption: Other words.")
    edit(book.source("first"), "tags: [hide-input]\nreproduces: [Table 1]", "reproduces: [Table 2]")
    joined = finish(book, "first", obtain(book, point(book, count=7)))
    nbformat.validate(joined)
    assert instant == ["first"]
    assert joined["cells"][0]["source"].startswith("# Another title") and "A cell more" in dump(joined)
    last = code(joined)[-1]
    assert last["metadata"]["reproduces"] == ["Table 2"] and "tags" not in last["metadata"]
    assert last["metadata"]["mystnb"]["figure"]["caption"] == "Other words."
    assert [cell["outputs"] for cell in code(joined)] == [cell["outputs"] for cell in code(run)]
    assert [cell["execution_count"] for cell in code(joined)] == [1, 2, 3, 4]
    assert "".join(code(joined)[1]["source"]).strip().endswith("count = 7")  # injected, at its place
    assert joined["metadata"]["papermill"] == run["metadata"]["papermill"]
    press = dict(run["metadata"]["press"])
    assert press.pop("made_of")["parameters"]["count"] == 7 and joined["metadata"]["press"] == press
    assert joined["metadata"]["jupytext"] == clean_notebook(book.source("first")).metadata["jupytext"]


def test_a_run_joined_to_its_own_text_is_itself(book: Project, instant: list[str]) -> None:
    run = json.loads(dump(obtain(book, point(book))))
    joined = json.loads(dump(join(clean_notebook(book.source("first")), run)))
    for cell in [*run["cells"], *joined["cells"]]:
        cell["metadata"].pop("papermill", None)
        if not cell["metadata"].get("tags"):  # papermill adds empty lists
            cell["metadata"].pop("tags", None)
    assert joined == run


def test_words_that_are_missing_are_refused_without_losing_the_run(book: Project, instant: list[str]) -> None:
    run = obtain(book, point(book))
    picture = {"output_type": "display_data", "data": {"image/png": ""}, "metadata": {}}
    code(run)[-1]["outputs"] = [picture]
    finish(book, "first", copy.deepcopy(run))
    edit(book.source("first"), "alt: A line through the first powers", "alt: plot.png #")
    with pytest.raises(ChapterFailed, match="code cell 3: image without alternative text"):
        finish(book, "first", run)
    assert recall(book, point(book)) is not None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"metadata": {"press": 3}}'])
def test_an_entry_that_is_no_run_is_made_again(book: Project, instant: list[str], damage: bytes) -> None:
    first = obtain(book, point(book))
    Store(book.store).put(point(book).name, damage)
    assert code(obtain(book, point(book))) != [] and instant == ["first", "first"]
    assert code(recall(book, point(book)))[1]["outputs"] == code(first)[1]["outputs"]


def test_an_error_is_not_kept(book: Project, instant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(chapter: str, parameters: dict[str, Any]) -> None:
        raise OSError("no space")

    instant.before = wrong
    with pytest.raises(OSError, match="no space"):
        execute(book, point(book))
    assert not book.store.exists() and not list(book.build.glob("run-*"))


def test_what_changed_while_it_ran_is_not_kept(book: Project, instant: Any) -> None:
    def meanwhile(chapter: str, parameters: dict[str, Any]) -> None:
        edit(book.source("first"), "range(count)", "range(count - 1)")

    instant.before = meanwhile
    with pytest.raises(ChapterFailed, match="first: it was changed, or what it imports, while it ran"):
        execute(book, point(book))
    assert not book.store.exists()


def test_the_time_of_a_run_is_that_of_its_numbers(
    book: Project, instant: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds that were spent on what an earlier run had kept are added; the notes on them go."""
    import papermill

    plain = papermill.execute_notebook

    def with_notes(notebook: Any, output: str, parameters: Any, **options: Any) -> None:
        plain(notebook, output, parameters, **options)
        made = json.loads(Path(output).read_text())
        note = {"output_type": "display_data", "data": {SECONDS: {"seconds": 500.0}}, "metadata": {}}
        code(made)[1]["outputs"] += [note, note]
        Path(output).write_text(json.dumps(made))

    monkeypatch.setattr(papermill, "execute_notebook", with_notes)
    run = execute(book, point(book))
    assert 1000 < run["metadata"]["press"]["seconds"] < 1010
    assert [len(cell["outputs"]) for cell in code(run)] == [1, 1, 1] and SECONDS not in dump(run)
