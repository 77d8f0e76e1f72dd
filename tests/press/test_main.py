from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import press.__main__ as module
from press.__main__ import main
from press.run import execute
from press.run.disk.lock import age, here
from press.run.execute import _scratch, _sweep_up, busy, obtain
from press.run.key import Point
from press.run.parameters import Parameter, coerce
from press.run.project import Project


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


@pytest.mark.parametrize(
    "words",
    [
        "first -p power -1e-3 -p names ['c']",
        "-p power=-1e-3 -p names=['c'] first.md",
        "book/first.md -p power -.001 -p names [ c ]",
        "first -p power=-1e-3 -p names [ c]",
    ],
)
def test_what_a_shell_took_apart_is_understood(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def note(project: Project, options: Any) -> int:
        seen.update(dict(options.parameters), chapter=options.chapter)
        return 0

    monkeypatch.setattr(module, "_run", note)
    assert main(["run", *words.split()]) == 0
    power, names = Parameter("p", "float", 0.0, None, ""), Parameter("n", "list[str]", ["a"], None, "")
    assert seen["chapter"] == "first"
    assert (coerce(power, seen["power"]), coerce(names, seen["names"])) == (-0.001, ["c"])


def test_an_unwritable_place_is_refused_before_anything_runs(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "first", "-o", "_toc.yml/out.ipynb"]) == 2
    assert "_toc.yml" in capsys.readouterr().err and not book.notebooks.exists()


def test_interruption_leaves_the_last_complete_output(book: Project) -> None:
    (book.root / "out.ipynb").write_text("older")
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
    assert (book.root / "out.ipynb").read_text() == "older" and not list(book.build.glob("run-*"))


def test_scratch_of_killed_processes_is_removed_and_that_of_living_ones_is_not(book: Project) -> None:
    book.build.mkdir()
    week = 8 * 86400.0
    cases = {"run-dead": (here(), 0.0), "run-foreign": ("other", 0.0), "run-long-ago": ("other", week)}
    for name, (machine, silent) in {**cases, "run-beginning": ("", 0.0)}.items():
        (book.build / name).mkdir()
        (book.build / name / "lock").write_text(machine)
        os.utime(book.build / name / "lock", (time.time() - silent,) * 2)
        (book.root / f"sockets of {name}").mkdir()
        (book.build / name / "sockets").symlink_to(book.root / f"sockets of {name}")
    (book.build / "run-bare").mkdir()
    with _scratch(book.build) as alive:
        _sweep_up(book.build)
        left = sorted(path.name for path in book.build.glob("run-*"))
        assert left == sorted([alive.name, "run-bare", "run-beginning", "run-foreign"])
        sockets = sorted(path.name.split()[-1] for path in book.root.glob("sockets of *"))
        assert sockets == ["run-beginning", "run-foreign"]
    assert not alive.exists()


def test_scratch_that_others_remove_meanwhile_is_no_error(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (book.build / "run-half-removed").mkdir(parents=True)  # its lock is gone already

    def vanish(path: Path) -> float:
        (book.build / "run-half-removed").rmdir()
        return age(path)

    monkeypatch.setattr(execute, "age", vanish)
    _sweep_up(book.build)
    assert list(book.build.iterdir()) == []


def test_what_another_process_executes_is_waited_for(book: Project, instant: Any) -> None:
    point = Point.of(book, "second", "default", {"base": 10.0})
    begun = threading.Event()

    def slowly(chapter: str, parameters: dict[str, Any]) -> None:
        begun.set()
        time.sleep(0.5)

    instant.before = slowly
    first = threading.Thread(target=obtain, args=(book, point))
    first.start()
    assert begun.wait(30) and busy(book, point)
    assert obtain(book, point) and instant == ["second"]
    first.join()
    assert not busy(book, point) and list(book.store.glob(".*")) == []


def test_what_is_there_can_be_looked_at_where_nothing_can_be_written(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    book.build.write_text("no directory")
    assert main(["describe"]) == 0 and main(["describe", "second"]) == 0
    assert "base of the logarithm" in capsys.readouterr().out


def test_a_missing_package_is_named(
    book: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "press.pages.describe", None)
    assert main(["describe"]) == 2
    said = capsys.readouterr().err
    assert "press.pages.describe is not installed for" in said and "make environment" in said


@pytest.mark.parametrize(
    ("words", "group"),
    [(["sweep", "second", "grid.yml", "-o", "results"], "sweep"), (["lab"], "lab"), (["tidy"], "test")],
)
def test_a_group_of_requirements_that_is_missing_is_named(
    words: list[str],
    group: str,
    book: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(words) == 2 and f"make environment GROUPS={group}" in capsys.readouterr().err
    assert not (book.root / "results").exists()


@pytest.mark.parametrize("workers", ["0", "-1", "x"])
def test_a_sweep_needs_a_worker(workers: str, book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (book.root / "grid.yml").write_text("points: [{}]")
    try:
        code = main(["sweep", "second", "grid.yml", "-o", "results", f"-j{workers}"])
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2 and "-j" in capsys.readouterr().err and not (book.root / "results").exists()


def test_an_unwritable_directory_of_a_sweep_is_refused_before_anything_runs(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (book.root / "grid.yml").write_text("points: [{}]")
    assert main(["sweep", "second", "grid.yml", "-o", "_toc.yml/results"]) == 2
    assert "_toc.yml" in capsys.readouterr().err and not list(book.build.glob("run-*"))


def test_describe_and_verify(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe"]) == 0 and main(["describe", "second"]) == 0
    assert "base of the logarithm" in capsys.readouterr().out
    assert main(["describe", "third"]) == 2 and main(["verify"]) == 2
    assert "make one with --renew" in capsys.readouterr().err
