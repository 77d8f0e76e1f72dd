"""Notebooks for hosted services: what Binder and Colab need to run a chapter, in one directory."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import nbformat
import yaml

from press.run.execute import clean_notebook
from press.run.files import write_atomically
from press.run.project import Project
from press.run.reported import MODULE

__all__ = ["publish"]

PYTHON = "python-3.12"
"""What Binder is asked for; it must be one of the versions that the project supports."""
NEEDED = ("matplotlib", "sympy", "tabulate")
"""What chapters import besides opgd and its dependencies, with the ranges of `pyproject.toml`."""


def publish(project: Project, directory: Path) -> list[Path]:
    """Write the clean notebooks, `requirements.txt` and `runtime.txt` into a directory, and list them.

    `repository: url:` in `_config.yml` says where opgd is installed from; without it, a ValueError. The
    files, pushed to the branch that `_config.yml` names, are what the launch buttons open.
    """
    settings = yaml.safe_load((project.root / "_config.yml").read_text(encoding="utf-8"))
    url = (settings.get("repository") or {}).get("url")
    if not url:
        raise ValueError("_config.yml configures no repository; its comment on launch buttons says how")
    requirements = [*_ranges(project), "myst-nb", f"opgd-book[classics,deep,regression] @ git+{url}"]
    files = {"requirements.txt": "\n".join(requirements) + "\n", "runtime.txt": f"{PYTHON}\n"}
    for chapter in project.chapters():
        notebook = clean_notebook(project.source(chapter))
        notebook.cells.insert(0, _install(project, requirements))
        nbformat.validate(notebook)
        files[f"{chapter}.ipynb"] = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    for name, text in files.items():
        write_atomically(directory / name, text)
    return [directory / name for name in files]


def _ranges(project: Project) -> list[str]:
    settings = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))
    lines = settings["project"]["optional-dependencies"]["press"]
    names = {re.split(r"[<>=!~ ]", line, maxsplit=1)[0]: line for line in lines}
    return [names[name] for name in NEEDED]


def _install(project: Project, requirements: list[str]) -> nbformat.NotebookNode:
    """A first cell that installs what is missing, and says where the printed numbers are."""
    wanted = " ".join(f'"{line}"' for line in requirements)
    source = (
        "# Only where the book's library is missing, as on Colab: install it.\n"
        "import importlib.util\nimport os\n\n"
        f'if importlib.util.find_spec("{project.setting("library")}") is None:\n'
        f"    %pip install --quiet {wanted}\n"
        f'os.environ["{MODULE}"] = "{project.setting("reported")}"'
    )
    fields = {"cell_type": "code", "id": "install", "metadata": {"tags": ["install"]}, "source": source}
    return nbformat.from_dict(fields | {"execution_count": None, "outputs": []})  # type: ignore[no-untyped-call,no-any-return]
