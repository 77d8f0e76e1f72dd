"""Execute one chapter: text -> clean notebook -> papermill -> gate -> executed notebook."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from press.run import environment
from press.run import refusals as gate
from press.run.parameters import Value, read_parameters, resolve
from press.run.project import Project, write_atomically

__all__ = ["ChapterFailed", "clean_notebook", "execute", "run"]

_BAR = "{desc} |{bar}| cell {n_fmt} of {total_fmt}, {elapsed}"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ChapterFailed(Exception):
    """A chapter raised an error or did not pass the gate.

    Parameters
    ----------
    message : str
        Where and why.
    notebook : str
        The notebook up to there, as JSON; empty if there is none.
    """

    def __init__(self, message: str, notebook: str = "") -> None:
        super().__init__(message, notebook)  # both, so that the error survives the way to another process

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def notebook(self) -> str:
        """The notebook up to the failure, as JSON."""
        return str(self.args[1])


def clean_notebook(source: Path) -> nbformat.NotebookNode:
    """Turn a chapter's text into an unexecuted notebook.

    Parameters
    ----------
    source : pathlib.Path
        A MyST file.

    Returns
    -------
    nbformat.NotebookNode
        The same text gives the same notebook, cell identifiers included.
    """
    notebook: nbformat.NotebookNode = jupytext.read(source)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"{re.sub('[^a-zA-Z0-9_-]', '-', source.stem)[:50]}-{number:03d}"
    return notebook


def execute(
    project: Project,
    chapter: str,
    overrides: Mapping[str, Any],
    *,
    profile: str,
    output: Path,
    progress: bool = False,
) -> dict[str, Value]:
    """Execute a chapter and publish the notebook at `output`, or nothing at all.

    The clean notebook is written to `_build/notebooks/` on the way. When the chapter fails, the
    partial notebook is left in `_build/failed/` and `output` is not touched.

    Parameters
    ----------
    project : Project
        The book.
    chapter : str
        The chapter's name.
    overrides : mapping
        Parameters to change, by name; checked before anything runs.
    profile : str
        Name of the profile, for the record.
    output : pathlib.Path
        Where the executed notebook appears when all went well.
    progress : bool
        Whether to show a bar on stderr.

    Returns
    -------
    dict
        The value of every parameter.

    Raises
    ------
    ValueError
        If a parameter is unknown, of the wrong type or out of range.
    ChapterFailed
        If a cell raised an error or the gate refused the result.
    """
    source = project.source(chapter)
    values = resolve(read_parameters(source), overrides)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(project.notebooks / f"{chapter}.ipynb", _text(clean_notebook(source)))
    failed = project.failed / f"{chapter}.ipynb"
    failed.unlink(missing_ok=True)
    try:
        text = run(project, chapter, values, profile=profile, progress=progress)
    except ChapterFailed as failure:
        if not failure.notebook:
            raise
        write_atomically(failed, failure.notebook)
        where = failed.relative_to(project.root)
        raise ChapterFailed(f"{failure}\nthe notebook up to there is {where}", failure.notebook) from None
    write_atomically(output, text)
    return values


def run(
    project: Project, chapter: str, values: Mapping[str, Value], *, profile: str, progress: bool = False
) -> str:
    """Execute a chapter with checked values; nothing is written, except in a scratch directory.

    Parameters
    ----------
    project : Project
        The book.
    chapter : str
        The chapter's name.
    values : mapping of str to value
        Every parameter, from `press.run.parameters.resolve`.
    profile : str
        Name of the profile, for the record.
    progress : bool
        Whether to show a bar over the cells on stderr.

    Returns
    -------
    str
        The executed notebook, as JSON.

    Raises
    ------
    ChapterFailed
        If a cell raised an error or the gate refused the result.
    """
    source = project.source(chapter)
    declared = read_parameters(source)
    changed = {name: value for name, value in values.items() if value != declared[name].default}
    bar = {"desc": chapter, "bar_format": _BAR, "file": sys.stderr, "ascii": " #"}
    project.build.mkdir(exist_ok=True)
    _sweep_up(project.build)
    if "matplotlib" in source.read_text(encoding="utf-8"):
        environment.prepare(project)
    with tempfile.TemporaryDirectory(dir=project.build, prefix=f"run-{os.getpid()}-") as scratch:
        raw = Path(scratch) / f"{chapter}.ipynb"
        commit, started, clock = environment.commit(project.root), datetime.now(UTC), time.monotonic()
        try:
            papermill.execute_notebook(
                clean_notebook(source), str(raw), changed, kernel_name="python3", language="python",
                progress_bar=bar if progress else False, log_output=False, cwd=str(project.root),
                # the kernel's own log only: at shutdown it may report an interrupt as an error
                extra_arguments=["--IPKernelApp.log_level=50"],
            )  # fmt: skip
        except PapermillExecutionError as error:
            partial = raw.read_text(encoding="utf-8") if raw.is_file() else ""
            raise ChapterFailed(_summary(chapter, error), partial) from None
        notebook = nbformat.from_dict(json.loads(raw.read_text(encoding="utf-8")))  # type: ignore[no-untyped-call]
    _describe(notebook, chapter, values, profile=profile, commit=commit, started=started)
    notebook.metadata.press["seconds"] = round(time.monotonic() - clock, 3)
    text = _text(notebook)
    if faults := gate.inspect(notebook, chapter):
        raise ChapterFailed("\n".join(faults), text)
    return text


def _describe(
    notebook: nbformat.NotebookNode,
    chapter: str,
    values: Mapping[str, Value],
    *,
    profile: str,
    commit: str,
    started: datetime,
) -> None:
    """Put into the notebook's metadata where it came from; paths of this machine are taken out."""
    notebook.metadata["press"] = {
        "chapter": chapter,
        "profile": profile,
        "parameters": dict(values),
        "started": started.isoformat(timespec="seconds"),
        "machine": environment.machine(),
        "processors": os.cpu_count(),
        "versions": environment.versions(),
        "commit": commit,
    }
    for key in ("input_path", "output_path", "environment_variables"):
        notebook.metadata.get("papermill", {}).pop(key, None)


def _text(notebook: nbformat.NotebookNode) -> str:
    """Notebook as JSON; an invalid one is an error."""
    nbformat.validate(notebook)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _sweep_up(build: Path) -> None:
    """Remove the scratch directories that killed processes of this machine have left."""
    for left in build.glob("run-*-*"):
        number = left.name.split("-")[1]
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (ValueError, OSError):  # not ours to judge
            continue


def _summary(chapter: str, error: PapermillExecutionError) -> str:
    """Say which cell failed, its source, and the end of the traceback."""
    source = "\n".join(f"    {line}" for line in str(error.source).splitlines()[:12])
    trace = _ANSI.sub("", "\n".join(error.traceback)).splitlines()[-15:]
    return "\n".join([f"{chapter}: {error.ename} in the cell", source, *(f"  {line}" for line in trace)])
