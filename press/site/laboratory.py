"""JupyterLab in the environment of the book, with chapters that open as notebooks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from press.run.disk.files import write_atomically
from press.run.project import Project

__all__ = ["command"]

VIEWER = "Jupytext Notebook"


def command(project: Project, rest: Sequence[str] = ()) -> list[str]:
    """Prepare the settings of JupyterLab below `_build/` and return its command line.

    `press.run.environment.isolate` has been called; `rest` are further options of `jupyter lab`.
    """
    viewers = {kind: VIEWER for kind in ("markdown", "myst", "python")}
    overrides = {
        "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": viewers},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    settings = project.build / "settings" / "jupyter"
    write_atomically(settings / "labconfig" / "default_setting_overrides.json", json.dumps(overrides))
    os.environ["PYTHONPATH"] = str(
        project.root
    )  # the library of this copy, whatever the notebook's directory
    options = {
        "ServerApp.root_dir": str(project.root),
        "LabApp.default_url": "/lab/tree/book",
        "LabApp.extension_manager": "readonly",
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    return [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items()), *rest]
