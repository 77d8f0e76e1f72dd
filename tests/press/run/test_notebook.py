"""Outputs of a run, joined to the prose of today."""

from __future__ import annotations

import ast
import copy
import json
import math
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from press.run.disk.store import Store
from press.run.execute import ChapterFailed, execute, finish, obtain, recall
from press.run.key import Point
from press.run.notebook import clean_notebook, dump, fill, join, with_values
from press.run.outputs import SECONDS, notes
from press.run.parameters import read_parameters, resolve
from press.run.project import Project

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
    ran = [cell for cell in code(run) if "injected-parameters" not in cell["metadata"]["tags"]]
    assert len(ran) == len(code(run)) - 1
    assert [cell["outputs"] for cell in code(joined)] == [cell["outputs"] for cell in ran]
    assert [cell["execution_count"] for cell in code(joined)] == [1, 3, 4]
    assert "count: int = 7  # [1, 100] number of points\n" in code(joined)[0]["source"]  # what ran is shown
    assert joined["metadata"]["papermill"] == run["metadata"]["papermill"]
    press = dict(run["metadata"]["press"])
    assert press.pop("made_of")["parameters"]["count"] == 7 and joined["metadata"]["press"] == press
    assert joined["metadata"]["jupytext"] == clean_notebook(book.source("first")).metadata["jupytext"]


def test_a_run_joined_to_its_own_text_is_itself(book: Project, instant: list[str]) -> None:
    run = json.loads(dump(obtain(book, point(book))))
    joined = json.loads(dump(join(clean_notebook(book.source("first")), run)))
    for cell in run["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = fill("".join(cell["source"]), notes(run)).splitlines(keepends=True)
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


SAID = {"slope": -0.3731, "count": 64, "words": "$\\gamma$ = 3", "falls": True, "none": math.nan}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{glue:text}`slope:.2f` and {glue:text}`count`", "-0.37 and 64"),
        ("{glue:text}`words`.", "$\\gamma$ = 3."),
        ("one\n{glue:text}`count`. two", "one\n64\\. two"),  # no list begins there
        ("of {glue:text}`count`.", "of 64."),
        ("`` {glue:text}`count` `` and\n```python\n{glue:text}`count`\n```", None),
        (":::{when} falls\nIt falls by {glue:text}`slope:.1f`.\n:::\nmore", "It falls by -0.4.\nmore"),
        (":::{when} not falls\nIt {glue:text}`nothing`.\n:::\nmore", "\nmore"),
        ("::::{when} falls\n:::{tip}\nSo.\n:::\n::::", ":::{tip}\nSo.\n:::"),
        (":::{when} falls\n:::", ""),
    ],
)
def test_words_show_what_cells_noted(text: str, shown: str | None) -> None:
    assert fill(text, SAID) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{glue:text}`slop`", "'slop'.* mean 'slope'"),
        ("{glue:text}`none:.1f`", "none"),
        ("{glue:text}`words:.1f`", "words"),
        (":::{when} rises\nIt rises.\n:::", "rises"),
        (":::{when} count\nIt rises.\n:::", "count"),
    ],
)
def test_what_nobody_noted_and_what_is_no_number_is_refused(text: str, names: str) -> None:
    with pytest.raises(ValueError, match=names):
        fill(text, SAID)


def test_values_of_captions_and_of_the_run(book: Project, instant: list[str]) -> None:
    edit(book.source("first"), "caption: Powers.", "caption: A total of {glue:text}`total:.0f`.")
    edit(book.source("first"), "alt: A line", "alt: A line to {glue:text}`total:.0f`")
    run = obtain(book, point(book))
    total = f"{notes(run)['total']:.0f}"
    words = code(finish(book, "first", run))[-1]["metadata"]["mystnb"]
    assert words["figure"]["caption"] == f"A total of {total}."
    assert words["image"]["alt"].startswith(f"A line to {total}")


def test_passages_about_the_defaults(book: Project, instant: list[str]) -> None:
    edit(book.source("first"), "# First page", "# First page\n\n:::{when} defaults\nAs printed.\n:::")
    first, other = (dump(finish(book, "first", obtain(book, point(book, **v)))) for v in ({}, {"count": 7}))
    assert "As printed." in first and "As printed." not in other and "{when}" not in first + other


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=9), st.floats(allow_nan=False), st.lists(st.integers(), max_size=3))
def test_a_cell_with_other_values_reads_as_these(word: str, number: float, items: list[int]) -> None:
    source = "a: str = 'x'  # {x} é\nb: float = 1.0  # (0, 9) b\n# require: b > 0\nc: list[int] = [1]  # c"
    values = {"a": word, "b": number, "c": items}
    made = with_values(source, values)
    assert made.count("\n") == source.count("\n") and "# require: b > 0\n" in made
    assert {n.target.id: ast.literal_eval(n.value) for n in ast.parse(made).body} == values  # type: ignore[attr-defined]
