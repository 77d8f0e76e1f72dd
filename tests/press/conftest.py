"""What tests of the engine share: chapters that run at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import papermill
import pytest

from press.run import environment
from press.run.project import Project

NOTES = {("first", 1): "estimate", ("first", 2): "total"}
"""What the text of the small book asks for, and the cells that give it here."""


class Runs(list[str]):
    """The chapters that ran, in their order; `before` is called when one begins, with its parameters."""

    def before(self, chapter: str, parameters: dict[str, Any]) -> None:
        """Do nothing; tests put something in its place."""


@pytest.fixture
def instant(book: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Work in the small book, where papermill gives each code cell an output without executing it."""
    runs, real, variables = Runs(), papermill.execute_notebook, dict(os.environ)

    def at_once(notebook: Any, output: str, parameters: dict[str, Any], **options: Any) -> None:
        chapter = Path(output).stem
        runs.append(chapter)
        runs.before(chapter, parameters)
        real(notebook, output, parameters, prepare_only=True, kernel_name="python3", language="python")
        made = json.loads(Path(output).read_text(encoding="utf-8"))
        code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
        prefix = "application/papermill.record/"
        for number, cell in enumerate(code, start=1):
            name = NOTES.get((chapter, number), f"{chapter}-{number}")
            glued = {"scrapbook": {"name": name, "mime_prefix": prefix}}
            data = {f"{prefix}text/plain": repr(float(sum(map(ord, str(parameters)))))}
            cell["outputs"] = [{"output_type": "display_data", "metadata": glued, "data": data}]
            cell["execution_count"] = number
        Path(output).write_text(json.dumps(made), encoding="utf-8")

    monkeypatch.setattr(papermill, "execute_notebook", at_once)
    monkeypatch.setattr(environment, "prepare", lambda project: None)  # no cell draws
    monkeypatch.chdir(book.root)
    yield runs
    os.environ.clear()
    os.environ.update(variables)


def edit(path: Path, old: str, new: str) -> None:
    """Change a file of the small book: prose everywhere, code at the first place."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1 if path.suffix == ".py" else -1), encoding="utf-8")
