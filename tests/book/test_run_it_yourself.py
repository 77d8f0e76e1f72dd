"""The commands, the grid and the program of the page *Run it yourself* are good ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from press.__main__ import _parser
from press.run.parameters import read_parameters, resolve
from press.run.project import Project
from press.sweep.grid import points_of

ROOT = Path(__file__).resolve().parents[2]
BOOK = Project(ROOT)
TEXT = (BOOK.book / "run-it-yourself.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


COMMANDS = [line for block in blocks("sh") for line in block.replace("\\\n", "").splitlines()]
PRESS = [line for line in COMMANDS if "-m press" in line]


@pytest.mark.parametrize("line", PRESS)
def test_commands_of_press_are_understood_and_their_parameters_good(line: str) -> None:
    options: Any = _parser().parse_args(shlex.split(line.partition("-m press")[2]))
    if getattr(options, "chapter", None):
        parameters = read_parameters(BOOK.source(options.chapter))
        resolve(parameters, dict(getattr(options, "parameters", [])))


def test_all_three_examples_are_there() -> None:
    said = " ".join(PRESS)
    for part in (
        "run rates -p",
        "sweep rates _build/grid.yml -o _build/placing -j 2",
        "--scheduler tcp://127.0.0.1:8786",
    ):
        assert part in said
    dask = [line for line in COMMANDS if "-m dask" in line]
    assert [re.search(r"-m dask (\w+)", line)[1] for line in dask] == ["scheduler", "worker"]  # type: ignore[index]


def test_targets_of_make_exist() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in [*re.findall(r"\bmake (\w+)", " ".join(COMMANDS)), "lab", "book"]:
        assert target in targets


def test_the_grid_is_good() -> None:
    (text,) = blocks("yaml")
    points = points_of(BOOK, "rates", text, "grid.yml", profile="default", given={})
    assert len(points) == 9 and points[-1].values["p"] == 3.0
    more = text.replace("  q: [1.5, 2.0]\n", "  q: [1.5, 2.0]\n  gammas: [[1.1], [1.5], [3.0]]\n")
    more = more.replace("  gammas: [1.5]\n", "")
    assert len(points_of(BOOK, "rates", more, "grid.yml", profile="default", given={})) == 25


def test_the_program_reads_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["slope-vanilla-0", "slope-opgd-0"]
    source = (BOOK.book / "rates.md").read_text(encoding="utf-8")
    assert 'note({f"slope-{flow}-{i}"' in source  # where the columns come from
    (tmp_path / "_build" / "placing").mkdir(parents=True)
    frame = pd.DataFrame({"p": [1.0, 0.6], "q": [2.0, 1.5], names[0]: [-0.37, -0.3], names[1]: [-0.53, -0.4]})
    frame.to_parquet(tmp_path / "_build" / "placing" / "table.parquet")
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("python")
    exec(compile(program, "run-it-yourself.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[1:]] == ["0.6", "1.0"]
    assert float(said[2].split()[-1]) == -0.5
