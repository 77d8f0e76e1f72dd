from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from press.__main__ import main
from press.project import Project


@pytest.fixture(autouse=True)
def environment(book: Project, monkeypatch: pytest.MonkeyPatch) -> object:
    """Work in the small book, and give the process its own settings back."""
    monkeypatch.chdir(book.root)
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_outside_a_project(
    book: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(book.book)
    assert main(["run", "first"]) == 2
    assert "run this from the project's root" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["paint"], ["run"], ["run", "first", "--color"]])
def test_bad_command_lines(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and "usage: python -m press" in capsys.readouterr().err


@pytest.mark.parametrize("step", ["ledger", "site"])
def test_steps_before_their_turn(step: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([step]) == 2
    assert capsys.readouterr().err.startswith("press: error: ")


def test_an_unwritable_place_is_refused_before_anything_runs(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "first", "-o", "_toc.yml/out.ipynb"]) == 2
    assert "_toc.yml" in capsys.readouterr().err and not book.notebooks.exists()


def test_interruption_leaves_no_output(book: Project) -> None:
    path = book.book / "second.md"
    path.write_text(path.read_text().replace("import math\n", "import math, time; time.sleep(60)\n"))
    process = subprocess.Popen(
        [sys.executable, "-m", "press", "run", "second", "-o", "out.ipynb"],
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )
    try:
        deadline = time.monotonic() + 60
        while not list(book.build.glob("run-*/second.ipynb")) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
        process.wait()
    assert not (book.root / "out.ipynb").exists() and not list(book.build.glob("run-*"))
