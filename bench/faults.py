"""Faults on purpose: kills, a second build, a full disk, damaged files; nothing may be lost.

Run it with `make soak`. A small book, in a directory with spaces and letters of other scripts in its name, is
built under each fault. A faulty build must end with the right numbers or an error without a traceback, and
leave a whole book in place; the next build must give the numbers of an undisturbed one, bit for bit. The last
line says how many results were lost; the figures are in `_build/bench/faults.json`. After `--minutes` no
further run begins, and the report says which were left out.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import os
import random
import re
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from press.run.disk.files import write_atomically
from press.run.environment import machine
from press.run.project import Project

ROOT = Path(__file__).resolve().parents[1]
NAME = "ein Büch – 本 of (some) pages"
BUILD = [sys.executable, "-m", "press", "book"]
EDITS = [("first", "count: int = ", ("4", "5")), ("second", "base: float = ", ("10.0", "9.0"))]
FREE = (20_000, 500_000, 3_000_000)  # bytes left on a full disk
REFUSED = "another build is at work"
Done = subprocess.CompletedProcess[str]


def write(book: Project, version: int) -> None:
    """Give both chapters one of their two texts, and empty the store; a build has to execute both."""
    shutil.rmtree(book.store, ignore_errors=True)
    for chapter, start, values in EDITS:
        path = book.book / f"{chapter}.md"
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(re.escape(start) + r"[\d.]+", start + values[version], text), encoding="utf-8")


def begin(book: Project, before: tuple[str, ...] = (), **options: object) -> subprocess.Popen[str]:
    """Start a build in a process group of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    return subprocess.Popen([*before, *BUILD], cwd=book.root, **pipes, **options)  # type: ignore[call-overload]


def build(book: Project, before: tuple[str, ...] = (), **options: object) -> Done:
    """Build, and wait for the end."""
    process = begin(book, before, **options)
    said, _ = process.communicate(timeout=1200)
    return Done(process.args, process.returncode, said)


def numbers(book: Project) -> dict[str, str]:
    """All numbers and pictures of a built book: the outputs of its cells, and its ledger."""
    found = {"ledger": book.ledger.read_text(encoding="utf-8")}
    for chapter in book.chapters():
        notebook = json.loads((book.executed / f"{chapter}.ipynb").read_text(encoding="utf-8"))
        outputs = json.dumps([cell.get("outputs") for cell in notebook["cells"]])
        found[chapter] = hashlib.sha256(outputs.encode()).hexdigest()
    return found


def whole(book: Project) -> bool:
    """Whether the book that readers see has all of its pages, each to its end."""
    texts = [
        (book.html / f"{name}.html").read_text(encoding="utf-8", errors="replace") for name in book.pages()
    ]
    return all(text.rstrip().endswith("</html>") for text in texts)


class Trials:
    """Runs of a fault, and what became of them."""

    def __init__(self, book: Project, minutes: float) -> None:
        self.book, self.until = book, time.monotonic() + 60 * minutes
        self.right: dict[int, dict[str, str]] = {}
        self.version = 0
        self.outcomes: dict[str, collections.Counter[str]] = {}
        self.lost: collections.Counter[str] = collections.Counter()
        self.left_out: list[str] = []

    def run(self, kind: str, fault: Callable[[], Done | None], *, edit: bool = True) -> None:
        """Build under a fault, look at what is there, build again without it."""
        if time.monotonic() > self.until:
            self.left_out.append(kind)
            return
        if edit:
            self.version = 1 - self.version
            write(self.book, self.version)
        done = fault()
        outcome, lost = self.judge(done)
        if done is None or done.returncode:
            lost += [] if whole(self.book) else ["the book in place"]
            again = build(self.book)
            lost += [] if again.returncode == 0 else [f"the next build: {again.stdout[-2000:]}"]
        lost += self.wrong()
        self.outcomes.setdefault(kind, collections.Counter())[outcome] += 1
        self.lost[kind] += len(lost)
        print(f"{kind}: {outcome}" + "".join(f"\n  LOST {what}" for what in lost))

    def judge(self, done: Done | None) -> tuple[str, list[str]]:
        """Say how a faulty build ended."""
        if done is None:
            return "killed, then right", []
        if done.returncode == 0:
            return "right at once", []
        told = [
            line for line in done.stdout.splitlines() if re.search("error|Error|another build|damaged", line)
        ]
        clear = told and "Traceback" not in done.stdout
        message = (told or done.stdout.splitlines() or [""])[-1].strip()
        print(f"  {message[:200]}")
        return "a clear error, then right", ([] if clear else [f"a clear message: {done.stdout[-3000:]}"])

    def wrong(self) -> list[str]:
        """Results of the book that are not those of an undisturbed build."""
        right, found = self.right[self.version], numbers(self.book)
        left = [path.name for path in self.book.build.iterdir() if path.name.startswith((".html", "render-"))]
        return [name for name in right if found.get(name) != right[name]] + left


def killed(book: Project, seconds: float, *, group: bool = True) -> None:
    """Kill a build, with all its processes or alone, after so many seconds."""
    process = begin(book)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.communicate()


def twice(book: Project) -> Done:
    """Two builds at one moment: one of them builds."""
    both = [begin(book), begin(book)]
    ends = [Done(process.args, process.wait(), process.communicate()[0]) for process in both]
    ends.sort(key=lambda done: done.returncode)
    if ends[0].returncode or (ends[1].returncode and REFUSED not in ends[1].stdout):
        return ends[0] if ends[0].returncode else ends[1]
    return ends[1]


@contextlib.contextmanager
def mounted(book: Project, free: int | None) -> Iterator[bool]:
    """The build directory read-only, or on a disk with so many free bytes; False where that may not be."""
    place = str(book.build)
    if free is None:
        commands = [["mount", "--bind", place, place], ["mount", "-o", "remount,ro,bind", place]]
    else:
        aside = book.root / "aside"
        shutil.copytree(book.build, aside, symlinks=True)
        size = sum(-(-path.lstat().st_size // 4096) * 4096 for path in aside.rglob("*")) + free
        commands = [
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place],
            ["cp", "-a", f"{aside}/.", place],
        ]
    try:
        yield all(subprocess.run(command, capture_output=True).returncode == 0 for command in commands)
    finally:
        for _ in commands:
            subprocess.run(["umount", place], capture_output=True)
        if free is not None:
            shutil.rmtree(aside)


def damage(path: Path, how: str) -> None:
    """Damage a file as a lost disk block, a killed copy or a wild program does."""
    content = path.read_bytes()
    noise = random.Random(0).randbytes(2000)
    path.write_bytes({"half": content[: len(content) // 2], "empty": b"", "noise": noise}[how])


def damaged_data(book: Project, how: str) -> Done:
    """Load a damaged data file: the message must name it."""
    library = shutil.copytree(ROOT / "opgd", book.root / "opgd")
    path = library / "regression" / "data" / "concrete.csv.gz"
    damage(path, how)
    code = (
        "from opgd.regression import load_concrete as f\ntry: f()\nexcept ValueError as e: print('error:', e)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=book.root, capture_output=True, text=True)
    shutil.rmtree(library)
    named = str(path.name) in done.stdout
    return Done(command, 1, done.stdout if named else f"Traceback {done.stdout}{done.stderr}")


def all_faults(trials: Trials, kills: int, seconds: float, rng: random.Random) -> None:
    """Try them all, the short and telling ones first."""
    book = trials.book
    for how in ("half", "noise", "empty"):
        trials.run("damaged data file", lambda how=how: damaged_data(book, how), edit=False)
    trials.run("two builds at one moment", lambda: twice(book))
    trials.run("build killed alone, not what it began", lambda: killed(book, 0.6 * seconds, group=False))
    for kind, free in (("read-only build directory", None), *(("full disk", f) for f in FREE)):
        if time.monotonic() > trials.until:
            trials.left_out.append(kind)
            continue
        trials.version = 1 - trials.version
        write(book, trials.version)
        with mounted(book, free) as possible:
            done = build(book) if possible else None
            sound = whole(book)
        if done is None:
            trials.left_out.append(f"{kind} (not allowed here)")
        elif done.returncode and sound:
            trials.run(kind, lambda done=done: done, edit=False)
        else:
            raise SystemExit(f"{kind}: the build passed, or broke the book in place: {done.stdout}")
    limit = (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)}
    trials.run("files limited to 100 kB", lambda: build(book, **limited))
    for what, path in {
        "record of what was made": book.build / "results" / "book",
        "executed notebook": book.executed / "first.ipynb",
        "ledger": book.ledger,
        "page": book.html / "first.html",
        "settings": book.build / "settings" / "ipython" / "profile_default" / "ipython_kernel_config.json",
    }.items():
        for how in ("half", "noise", "empty"):

            def fault(path: Path = path, how: str = how) -> Done:
                damage(path, how)
                return build(book)

            trials.run(f"damaged {what}", fault, edit=False)
    for how in ("half", "noise", "empty"):

        def needed(how: str = how) -> Done:
            for path in book.store.iterdir():
                damage(path, how)
            with (book.book / "second.md").open("a", encoding="utf-8") as text:
                text.write("\nA line more.\n")
            return build(book)

        trials.run("damaged store", needed, edit=False)
    home = {name: value for name, value in os.environ.items() if not name.startswith(("HOME", "XDG"))}
    for variables in (home, home | {"HOME": "/nonexistent"}):

        def fresh(variables: dict[str, str] = variables) -> Done:
            shutil.rmtree(book.build / "settings")
            return build(book, env=variables)

        trials.run("no home directory", fresh)
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0:
        offline: tuple[str, ...] = ("unshare", "-n", "sh", "-c", 'ip link set lo up 2>&-; exec "$@"', "sh")
        trials.run("no network", lambda: build(book, offline))
    proxies = {f"{name}_proxy": "http://127.0.0.1:9" for name in ("http", "https", "all")}
    trials.run("no network", lambda: build(book, env=os.environ | proxies))
    for _ in range(kills):
        moment = rng.uniform(0, seconds)
        trials.run("build killed", lambda moment=moment: killed(book, moment))


def main() -> int:
    """Run all, print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="begin no further run after that; 30")
    parser.add_argument("--kills", type=int, default=20, help="builds killed at a random moment; 20")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    options = parser.parse_args()
    clock = time.monotonic()
    small_book = runpy.run_path(str(ROOT / "tests" / "conftest.py"))["small_book"]
    with tempfile.TemporaryDirectory() as scratch:
        trials = Trials(small_book(Path(scratch) / NAME), options.minutes)
        for version in (0, 1):  # undisturbed; the second takes as long as those to come
            write(trials.book, version)
            begun = time.monotonic()
            done = build(trials.book)
            if done.returncode:
                raise SystemExit(f"the undisturbed build failed: {done.stdout}")
            trials.right[version] = numbers(trials.book)
            trials.version = version
            seconds = time.monotonic() - begun
        if trials.right[0]["first"] == trials.right[1]["first"]:
            raise SystemExit("the two texts give the same numbers, so that a stale one would not show")
        print(f"undisturbed: {seconds:.0f} s in {trials.book.root.name!r}")
        all_faults(trials, options.kills, seconds, random.Random(options.seed))
    kinds = [
        {"kind": kind, "runs": outcomes.total(), "outcomes": dict(outcomes), "lost": trials.lost[kind]}
        for kind, outcomes in trials.outcomes.items()
    ]
    kinds += [
        {"kind": kind, "runs": 0, "outcomes": {"not reached": count}, "lost": 0}
        for kind, count in collections.Counter(trials.left_out).items()
        if kind not in trials.outcomes
    ]
    for row in kinds:
        told = ", ".join(f"{count} {outcome}" for outcome, count in row["outcomes"].items())
        print(f"{row['kind']}: {row['runs']} runs: {told}; lost: {row['lost']}")
    lost, runs = sum(trials.lost.values()), sum(row["runs"] for row in kinds)
    facts = {"machine": machine(), "finished": datetime.now(UTC).isoformat(timespec="seconds")}
    facts |= {"seconds": round(time.monotonic() - clock), "directory": NAME, "runs": runs, "lost": lost}
    facts |= {"left out": dict(collections.Counter(trials.left_out)), "kinds": kinds}
    place = ROOT / "_build" / "bench" / "faults.json"
    write_atomically(place, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    absent = trials.left_out or "none"
    print(f"{runs} runs of {len(trials.outcomes)} kinds, results lost: {lost}; left out: {absent}")
    print(f"wrote {place}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
