"""`.ci/environment`, with stand-ins for Python: which it takes, what it says, what is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "environment"

# Behaves like a Python of version $VERSION as far as the script can see.
STAND_IN = """#!/bin/sh
case "$*" in
    *platform.python_version*) echo "{version} /somewhere" ;;
    *"import ensurepip"*) [ -z "$WITHOUT_VENV" ] ;;
    *"%d.%d"*) echo python{version} ;;
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo made >>made.log ;;
    *"-m pip install"*) [ -z "$PIP_FAILS" ] ;;
    *) exit 0 ;;
esac
"""


class Sandbox:
    """A project directory, and a PATH on which only the given interpreters are."""

    def __init__(self, root: Path) -> None:
        self.root = root / "a project"
        self.bin = root / "bin"
        (self.root / ".ci").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(SCRIPT, self.root / ".ci")
        (self.root / "requirements.lock").write_text("package==1\n")
        for tool in ("sh", "cat", "cmp", "date", "dirname", "mv", "rm", "mkdir", "cp"):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def install(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin)} | variables
        command = ["/bin/sh", str(self.root / ".ci" / "environment")]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")

    @property
    def made(self) -> int:
        log = self.root / "made.log"
        return len(log.read_text().split()) if log.exists() else 0

    @property
    def complete(self) -> bool:
        return (self.root / ".venv" / "complete").exists()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def test_the_first_that_runs_is_taken_and_kept(sandbox: Sandbox) -> None:
    sandbox.install(
        "python3.13", "#!/bin/sh\necho 'command not found' >&2\nexit 127\n"
    )  # as pyenv's shims do
    sandbox.install("python3.12", STAND_IN.format(version="3.12.1"))
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    done = sandbox.run()
    assert done.returncode == 0, done.stderr
    assert "with Python 3.12.1" in done.stdout and sandbox.complete
    again = sandbox.run()
    assert (again.returncode, again.stdout, sandbox.made) == (0, "", 1)


def test_another_lock_another_python_another_place(sandbox: Sandbox) -> None:
    sandbox.install("python3.12", STAND_IN.format(version="3.12.1"))
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    sandbox.run()
    (sandbox.root / "requirements.lock").write_text("package==2\n")
    assert sandbox.run().returncode == 0 and sandbox.made == 2
    assert sandbox.run(PYTHON="python3.11").returncode == 0 and sandbox.made == 3
    assert sandbox.run(PYTHON="python3.11").returncode == 0 and sandbox.made == 3
    assert sandbox.run().returncode == 0 and sandbox.made == 3  # a complete one is kept
    sandbox.root = sandbox.root.rename(sandbox.root.with_name("moved"))
    assert sandbox.run().returncode == 0 and sandbox.made == 4


def test_an_interrupted_creation_is_begun_again(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    assert sandbox.run(PIP_FAILS="yes").returncode != 0
    assert not sandbox.complete
    assert sandbox.run().returncode == 0 and sandbox.complete and sandbox.made == 2


def test_no_python(sandbox: Sandbox) -> None:
    done = sandbox.run()
    assert done.returncode != 0 and not (sandbox.root / ".venv").exists()
    assert "No working python3.13, python3.12 or python3.11" in done.stderr and "PYTHON=" in done.stderr


def test_a_python_that_does_not_run(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    done = sandbox.run(PYTHON="/nowhere/python3")
    assert (
        done.returncode != 0 and "PYTHON=/nowhere/python3 does not run" in done.stderr and sandbox.made == 0
    )


def test_missing_venv_names_the_remedy(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11"))
    done = sandbox.run(WITHOUT_VENV="yes")
    assert done.returncode != 0 and "apt install python3.11-venv" in done.stderr
    assert not (sandbox.root / ".venv").exists()


def test_the_caller_s_settings_do_not_reach_it(sandbox: Sandbox) -> None:
    spy = STAND_IN.replace("#!/bin/sh\n", '#!/bin/sh\n[ -z "$PYTHONPATH$PYTHONHOME$PIP_TARGET" ] || exit 9\n')
    sandbox.install("python3.11", spy.format(version="3.11.7"))
    done = sandbox.run(PYTHONPATH="/x", PYTHONHOME="/x", PIP_TARGET="/x", HOME=os.devnull)
    assert done.returncode == 0 and sandbox.complete
