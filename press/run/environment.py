"""What surrounds a run: shut out the caller's settings, and describe machine, versions and commit."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from press.run.files import write_atomically
from press.run.project import Project

__all__ = ["commit", "interpreter", "isolate", "machine", "prepare", "versions"]

PACKAGES = ("numpy", "scipy", "matplotlib", "sympy", "jupytext", "papermill", "ipykernel")
SETTINGS = ("NUMBA_", "NPY_", "OPENBLAS_", "MKL_", "PYTHONOPTIMIZE", "PYTHONDEVMODE")
"""Beginnings of variables that reach a kernel and can change what it computes."""


def isolate(project: Project) -> None:
    """Make this process and its children indifferent to the settings of whoever started them.

    Jupyter, IPython and matplotlib read their settings below `_build/`, the kernel is that of this
    environment, and numerical libraries use one thread (chapters run in parallel instead).
    """
    for name in [n for n in os.environ if n.startswith(("JUPYTER", "IPYTHON", "PAPERMILL", "PYDEVD"))]:
        del os.environ[name]
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "MPLBACKEND", "MATPLOTLIBRC", "PYTHONWARNINGS"):
        os.environ.pop(name, None)
    settings = project.build / "settings"
    os.environ |= {
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTER_CONFIG_DIR": str(settings / "jupyter"),
        "JUPYTER_DATA_DIR": str(settings / "jupyter"),
        "IPYTHONDIR": str(settings / "ipython"),
        "MPLCONFIGDIR": str(settings / "matplotlib"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger of older kernels writes to the output
    }
    for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        Path(os.environ[name]).mkdir(parents=True, exist_ok=True)
    # The kernel's own remarks (such as on its transport) are not about the chapter.
    quiet = settings / "ipython" / "profile_default" / "ipython_kernel_config.json"
    if not quiet.exists():
        write_atomically(quiet, '{"IPKernelApp": {"log_level": 40}}\n')
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def prepare(project: Project) -> None:
    """Fill matplotlib's cache of fonts, unless that is done; it would announce itself inside a chapter."""
    version = metadata.version("matplotlib")
    stamp = project.build / "settings" / "prepared"
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == version:
        return
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    import matplotlib.font_manager

    matplotlib.font_manager.get_font_names()
    write_atomically(stamp, f"{version}\n")


def commit(root: Path) -> str:
    """Return the abbreviated git commit, with "+changes" if files differ from it; "unknown" without one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean, timeout=30)
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return "unknown"
        head = git("rev-parse", "--short=12", "HEAD")
        return head + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def machine() -> str:
    """Describe the machine without naming it."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape the results."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


def interpreter() -> str:
    """Identify the interpreter and its settings: with another one, results may be others."""
    given = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(SETTINGS))
    # `isolate` sets the numbers of threads; where compiled code is kept does not matter
    flags = [flag for flag in given if not flag.split("=")[0].endswith(("_NUM_THREADS", "_DIR"))]
    return " ".join([sys.implementation.name, platform.python_version(), platform.machine(), *flags])
