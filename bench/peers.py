"""Install what requirements/bench.lock lists into a folder of its own, unless it is there already.

`.venv` stays as requirements.lock describes it: only the processes that run a peer look into this folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "bench.lock"
FOLDER = ROOT / "_build" / "bench" / "peers"


def install() -> None:
    """Fill `FOLDER`; the stamp, written last, names the interpreter and holds the lock."""
    stamp, wanted = FOLDER / "complete", f"{sys.version}\n{LOCK.read_text(encoding='utf-8')}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print("Installing the peers of requirements/bench.lock ...", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    pip = [sys.executable, "-I", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps"]
    options = ["--require-hashes", "--only-binary", ":all:", "--target", str(FOLDER), "-r", str(LOCK)]
    if subprocess.run(pip + options, check=False).returncode:
        print("The peers could not be installed: the rows of those that are missing will say so.")
        return
    stamp.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    install()
