"""What surrounds a run: shut out the caller's settings, and describe machine, versions and commit."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from press.run.disk.files import write_atomically
from press.run.project import Project

__all__ = ["allowed", "commit", "interpreter", "isolate", "machine", "prepare", "versions"]

PACKAGES = ("numpy", "scipy", "matplotlib", "sympy", "jupytext", "papermill", "ipykernel")
SHUT_OUT = (
    "PYTHON",  # optimisation takes assertions out, a path or a start-up file puts other code in
    *("JUPYTER", "IPYTHON", "PAPERMILL", "PYDEVD"),  # other kernels, start-up files, remarks in outputs
    *("MPLBACKEND", "MATPLOTLIBRC", "MPLCONFIGDIR"),  # other figures
    *("PYTEST_", "HYPOTHESIS"),  # options and plug-ins of the checks of the statements
    "DASK_",  # the cluster of a sweep is the one that the command names
    "PRESS_",  # other printed numbers (`press.run.reported`)
)
"""Beginnings of variables that can change a result or a check: nothing that press starts gets to see them."""
KEPT = (
    *("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"),  # where compiled code is kept, which changes nothing
    *("PYTEST_CURRENT_TEST", "PYTEST_XDIST", "PYTEST_VERSION"),  # pytest's own notes on what it runs
)
"""The exceptions from `SHUT_OUT`."""
SETTINGS = (
    *("NUMBA_", "NPY_", "NUMPY_", "SCIPY_", "SKLEARN_"),  # code paths of packages
    *("OPENBLAS_", "MKL_", "BLIS_", "OMP_", "KMP_", "GOMP_"),  # kernels of linear algebra
    *("LD_PRELOAD", "DYLD_INSERT_LIBRARIES"),
)
"""Beginnings of variables that a user may want and that can change a number: they are part of a run's key."""

_KERNEL = '{"IPKernelApp": {"log_level": 40}, "HistoryManager": {"enabled": false}}\n'
"""A kernel's own remarks (such as on its transport) are not about the chapter; its history serves nobody."""


def isolate(project: Project) -> None:
    """Make this process and its children indifferent to the settings of whoever started them.

    Jupyter, IPython and matplotlib read their settings below `_build/`, the kernel is that of this
    environment, and numerical libraries use one thread (chapters run in parallel instead). `SHUT_OUT` says
    what goes, `SETTINGS` what may stay because a run is named by it, too. Flags of this interpreter, such as
    -O, reach no other; pip's settings matter to `.ci/environment` only, which sees to them.
    """
    for name in set(os.environ) - set(allowed()):
        del os.environ[name]
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
    with contextlib.suppress(OSError):  # where nothing can be written, one can look at what is there
        for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            Path(os.environ[name]).mkdir(parents=True, exist_ok=True)
        path = settings / "ipython" / "profile_default" / "ipython_kernel_config.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != _KERNEL:
            write_atomically(path, _KERNEL)
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def allowed() -> dict[str, str]:
    """Return the variables that are not shut out."""
    return {n: value for n, value in os.environ.items() if not n.startswith(SHUT_OUT) or n.startswith(KEPT)}


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
    """Return the abbreviated git commit; "unknown" without one.

    With "+changes" if sources differ from it; what git ignores or what lies beside them does not count.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean, timeout=30)
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return "unknown"
        head = git("rev-parse", "--short=12", "HEAD")
        return head + ("+changes" if git("status", "--porcelain", "--", *Project(root).sources) else "")
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
