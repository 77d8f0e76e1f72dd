"""Programs that people already use open and run the chapters; test_execute.py has papermill."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import nbclient
import nbformat
import pytest

from press.run.execute import clean_notebook
from press.run.project import Project


def test_nbclient_runs_a_clean_notebook(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = clean_notebook(book.source("second"))
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(book.root)}}).execute()
    nbformat.validate(notebook)
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert "2.302585" in last.outputs[0]["text"]


def test_the_percent_script_of_a_chapter_runs_as_plain_python(book: Project) -> None:
    command = [sys.executable, "-m", "jupytext", "--to", "py:percent", "-o", "second.py", "book/second.md"]
    subprocess.run(command, cwd=book.root, check=True, capture_output=True)
    text = (book.root / "second.py").read_text(encoding="utf-8")
    assert '# %% tags=["parameters"]\nbase: float = 10.0  # (1, 100] base of the logarithm' in text
    assert "# # Second page" in text
    done = subprocess.run([sys.executable, "second.py"], cwd=book.root, capture_output=True, text=True)
    assert done.stdout.startswith("2.302585"), done.stderr


def test_jupyterlab_opens_the_text_of_a_chapter_as_a_notebook(book: Project) -> None:
    command = [sys.executable, "-m", "press", "lab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    options = ["--IdentityProvider.token=small", "--allow-root", "--ServerApp.port_retries=0"]
    with (book.root / "server.log").open("w") as log:
        server = subprocess.Popen([*command, *options], cwd=book.root, stderr=log, stdout=log)
    try:
        address = wait_for_server(book, server)
        chapter = get(f"{address}api/contents/book/first.md?type=notebook&content=1")
        assert chapter["type"] == "notebook"
        cells = [cell for cell in chapter["content"]["cells"] if cell["cell_type"] == "code"]
        assert cells[0]["metadata"]["tags"] == ["parameters"]
        # a click opens it as a notebook, too
        overrides = get(f"{address}lab/api/settings/@jupyterlab/docmanager-extension:plugin")["schema"]
        viewers = overrides["properties"]["defaultViewers"]["default"]
        assert viewers["markdown"] == viewers["myst"] == "Jupytext Notebook"
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_for_server(book: Project, server: subprocess.Popen[bytes]) -> str:
    """Address of the server, as it writes it into its own directory."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        for path in (book.build / "settings" / "jupyter").rglob("jpserver-*.json"):
            try:
                return str(json.loads(path.read_text(encoding="utf-8"))["url"])
            except ValueError:
                continue
        time.sleep(0.2)
    raise AssertionError((book.root / "server.log").read_text(encoding="utf-8"))


def get(url: str) -> dict[str, Any]:
    """Ask the server; it may need a moment."""
    request = urllib.request.Request(url, headers={"Authorization": "token small"})
    for _ in range(50):
        try:
            with urllib.request.urlopen(request) as answer:
                result: dict[str, Any] = json.load(answer)
                return result
        except ConnectionError:
            time.sleep(0.2)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url}")
