from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from press.__main__ import main
from press.run.execute import ChapterFailed, clean_notebook, execute
from press.run.key import Point
from press.run.notebook import dump
from press.run.outputs import LEDGER
from press.run.project import Project


def run(book: Project, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m press run` in a process of its own, as `make` does."""
    command = [sys.executable, "-m", "press", "run", *arguments]
    return subprocess.run(command, cwd=book.root, capture_output=True, text=True, env=os.environ | variables)


def read(path: Any) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def replace(book: Project, old: str, new: str) -> None:
    path = book.book / "first.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_clean_notebook_is_reproducible_and_complete(book: Project) -> None:
    one, two = (clean_notebook(book.source("first")) for _ in range(2))
    assert one == two
    assert one.metadata.kernelspec == {"name": "python3", "display_name": "Python 3", "language": "python"}
    assert len({cell.id for cell in one.cells}) == len(one.cells)
    assert all(not cell.outputs for cell in one.cells if cell.cell_type == "code")


def test_execution_whatever_the_caller_has_set(book: Project) -> None:
    hostile = {
        "MPLBACKEND": "agg",
        "IPYTHONDIR": "/nowhere",
        "JUPYTER_PATH": "/nowhere",
        "PYTHONWARNINGS": "error",
        "HOME": "/nonexistent",
    }
    done = run(book, "first", "--profile", "smoke", "-p", "power", "3", **hostile)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    notebook = read(book.build / "runs" / "first.ipynb")
    press = notebook["metadata"]["press"]
    assert press["parameters"] == {"count": 2, "power": 3.0, "names": ["a", "b"], "seed": 0}
    assert (press["profile"], press["chapter"], press["commit"]) == ("smoke", "first", "unknown")
    assert press["seconds"] > 0 and re.match(r"20\d\d-\d\d-\d\dT", press["started"])
    outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", [])]
    assert any(LEDGER in o.get("data", {}) for o in outputs)
    assert any("image/png" in o.get("data", {}) for o in outputs)
    assert str(book.root) not in json.dumps(notebook["metadata"])
    assert sorted(p.name for p in book.build.iterdir()) == ["notebooks", "runs", "settings", "store"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["third"], "unknown chapter 'third'; the chapters are: first, second"),
        (["frist"], "unknown chapter 'frist'; did you mean 'first'?; the chapters are: first, second"),
        (["first", "-p", "cuont", "2"], "unknown parameter 'cuont' = '2'; did you mean 'count'?; "),
        (["first", "--profile", "smok"], "did you mean 'smoke'?"),
        (["first", "-p", "count", "0"], "parameter count = '0': out of range; allowed: int in [1, 100]"),
        (["first", "-p", "count", "true"], "parameter count = 'true': not a number"),
        (["first", "-p", "power", "nan"], "NaN"),
        (["first", "-p", "power", "__import__('os')"], "not a number"),
        (["first", "--profile", "nightly"], "unknown profile 'nightly'; the profiles are: default, smoke"),
        (["first", "-f", "absent.yml"], "absent.yml"),
        (["first", "-o", "out.txt"], "not the name of an .ipynb file"),
        (["first", "-p", "count"], "expected 2 arguments"),
    ],
)
def test_bad_input_ends_with_one_line_before_anything_runs(
    book: Project, instant: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    output = [] if "-o" in arguments else ["-o", "out.ipynb"]
    try:
        code: object = main(["run", *arguments, *output])
    except SystemExit as refused:
        code = refused.code
    last = capsys.readouterr().err.splitlines()[-1]
    assert code == 2 and "error: " in last and message in last
    assert instant == []
    assert not list(book.root.glob("out.*")) and not book.notebooks.exists()


def test_a_failing_cell_is_shown_and_nothing_is_published(book: Project, instant: Any) -> None:
    replace(book, "k**power for", "k**power / 0 for")
    output = book.root / "out.ipynb"
    done = run(book, "first", "-o", str(output))
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr and "k**power / 0" in done.stderr
    assert not output.exists()
    assert "ZeroDivisionError" in (book.failed / "first.ipynb").read_text()
    replace(book, "power / 0", "power")
    assert main(["run", "first", "-o", str(output)]) == 0 and instant == ["first"]
    assert output.exists() and not (book.failed / "first.ipynb").exists()


def test_a_kernel_that_dies_is_told_with_its_cell_and_what_ran_before_is_kept(book: Project) -> None:
    last = "import os; os.write(2, b'a remark'); os._exit(3)"
    replace(book, "plt.plot([", f"{last}; plt.plot([")
    done = run(book, "first", "-p", "count", "3", "-o", "out.ipynb")
    assert done.returncode == 1 and not (book.root / "out.ipynb").exists()
    first, *further = done.stderr.splitlines()
    assert first == "first: the kernel died in code cell 3"
    assert "os._exit" in done.stderr and "memory" in done.stderr and "Traceback" not in done.stderr
    assert "    a remark" in further
    assert len(further) < 15 and "_build/failed/first.ipynb" in further[-1]
    kept = [c for c in read(book.failed / "first.ipynb")["cells"] if c["cell_type"] == "code"]
    assert [bool(cell["outputs"]) for cell in kept] == [False, False, True, False]


def test_a_kernel_that_dies_at_once_is_told(book: Project, instant: Any) -> None:
    def die(chapter: str, parameters: dict[str, Any]) -> None:
        raise RuntimeError("Kernel died before replying")

    instant.before = die
    point = Point.of(book, "second", "default", {"base": 10.0})
    with pytest.raises(ChapterFailed, match=r"^second: the kernel died before its first cell: Kernel died"):
        execute(book, point)


def test_a_byte_order_mark_hides_no_chapter(book: Project) -> None:
    path = book.source("second")
    clean = clean_notebook(path)
    for text in (path.read_bytes(), path.read_bytes().replace(b"\n", b"\r\n")):
        path.write_bytes(b"\xef\xbb\xbf" + text)
        assert book.chapters() == ["first", "second"] and clean_notebook(book.source("second")) == clean
    assert Point.of(book, "second", "default", {}).made_of["cells"]


def test_the_gate_keeps_an_older_output_and_refuses_the_new(book: Project) -> None:
    replace(
        book, "    alt: A line through the first powers, rising from left to right.\n", "    alt: plot.png\n"
    )
    output = book.root / "out.ipynb"
    output.write_text("older")
    done = run(book, "first", "-o", str(output))
    assert done.returncode == 1
    assert "first, code cell 3: image without alternative text" in done.stderr
    assert output.read_text() == "older"


def test_warnings_do_not_pass(book: Project) -> None:
    replace(
        book, "import note, record\n", "import note, record\nimport warnings; warnings.warn('look here')\n"
    )
    done = run(book, "first", "-o", "out.ipynb")
    assert done.returncode == 1 and "look here" in done.stderr


def test_parameters_from_a_file_yield_to_the_command_line(book: Project, instant: Any) -> None:
    (book.root / "params.yml").write_text("base: 1e1\n")
    assert main(["run", "second", "-f", "params.yml", "-o", "a.ipynb"]) == 0
    assert main(["run", "second", "-f", "params.yml", "-p", "base", "8", "-o", "b.ipynb"]) == 0
    values = [
        read(book.root / name)["metadata"]["press"]["parameters"]["base"] for name in ("a.ipynb", "b.ipynb")
    ]
    assert values == [10.0, 8.0]


def test_plain_papermill_on_the_clean_notebook(book: Project) -> None:
    (book.root / "second.ipynb").write_text(dump(clean_notebook(book.source("second"))), encoding="utf-8")
    call = "pm.execute_notebook('second.ipynb', 'out.ipynb', {'base': 8.0})"
    code = f"import papermill as pm; {call}"
    done = subprocess.run([sys.executable, "-c", code], cwd=book.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "2.07944" in (book.root / "out.ipynb").read_text()


def test_plain_pipe_of_jupytext_into_papermill(book: Project) -> None:
    text = [sys.executable, "-m", "jupytext", "--to", "ipynb", "-o", "-", "book/second.md"]
    notebook = subprocess.run(text, cwd=book.root, capture_output=True, check=True).stdout
    mill = [sys.executable, "-m", "papermill", "-", "out.ipynb", "-p", "base", "8"]
    done = subprocess.run(mill, cwd=book.root, input=notebook, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert "2.07944" in (book.root / "out.ipynb").read_text()
