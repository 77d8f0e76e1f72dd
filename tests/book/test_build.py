"""The build for real, on a small book in a directory with a space in its name.

What is executed when, and why, is tested in `tests/press/build/test_book.py`, without kernels and pages.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from press.run.project import Project

from ..conftest import Fresh

ROOT = Path(__file__).resolve().parents[2]


def heed_interrupts() -> None:
    """Whoever started the tests may have shut interrupts out, as shells do for what they put aside."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begin(book: Project, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "press", *arguments]
    pipes = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "preexec_fn": heed_interrupts,
    }
    return subprocess.Popen(command, cwd=book.root, env=os.environ | {"CI": ""}, **pipes)  # type: ignore[call-overload]


def build(book: Project, *options: str) -> subprocess.CompletedProcess[str]:
    """Build; what was said is shown when a test fails."""
    process = begin(book, "book", *options)
    said, told = process.communicate()
    print(said, told, sep="\n")
    return subprocess.CompletedProcess(process.args, process.returncode, said, told)


def executed(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Names of the chapters that a build executed."""
    return set(re.findall(r"(\w+): executed in", done.stderr))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def differences(old: Path, new: Path) -> list[str]:
    spec = importlib.util.spec_from_file_location("compare_books", ROOT / "bench" / "compare_books.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[str] = module.compare(old, new)
    return found


def test_a_book_from_nothing_to_html_and_again(fresh_book: Fresh, built_book: Project) -> None:
    book = fresh_book.project
    assert set(re.findall(r"(\w+): executed in", fresh_book.told)) == {"first", "second"}
    assert re.search(
        r"The book is .*_build/html/index\.html \(2 chapters executed, [0-9.]+ s\)", fresh_book.said
    )

    # pages: the figure has number, caption and alternative text; glue, ledger, provenance are there
    first = (book.html / "first.html").read_text(encoding="utf-8")
    assert re.search(r"The total <a [^>]*>(<span[^>]*>)+✓ checked(</span>)+</a> is 14\.0, as", first)
    assert re.search(r'<span class="caption-number">Fig. 1 ?</span>', first)
    assert 'alt="A line through the first powers, rising from left to right."' in first
    assert "vnd.opgd" not in first and "Table 1, gamma" not in first
    assert re.search(r"<h2>(<[^>]*>)?[0-9.]*(</span>)? ?Parameters<", first)
    assert 'name="description"' in first and 'property="og:' not in first
    assert "How this page was made" in first and "they* are_written" in first
    assert re.search(r'href="_downloads/[^"]*/first\.ipynb"', first)
    ledger = (book.html / "ledger.html").read_text(encoding="utf-8")
    assert "match: 1" in ledger and 'href="first.html#fig-first"' in ledger and "Fig. 1" in ledger
    link = r'href="checks.html#(number-tests-test-small-test-small)"[^>]*>(?:<span[^>]*>)+<code'
    target = re.search(link, ledger)
    assert 'title="tests/test_small.py::test_small"' in ledger
    assert target and f'id="{target[1]}"' in (book.html / "checks.html").read_text(encoding="utf-8")

    # nothing is loaded from another host, and MathJax is our own
    for page in book.html.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)\b[^>]*(?:src|href)="([^"]+)"', page.read_text(encoding="utf-8")
        )
        assert [url for url in loaded if re.match(r"(https?:)?//", url)] == [], page.name
        assert not any("thebe" in url for url in loaded)
    assert "_static/mathjax/tex-chtml-full.js" in first
    assert (book.html / "_static" / "mathjax" / "output" / "chtml" / "fonts" / "woff-v2").is_dir()

    # a second build does nothing
    before = (book.html / "index.html").stat().st_mtime_ns
    done = build(book)
    assert done.returncode == 0 and "0 chapters executed" in done.stdout and done.stderr == ""
    assert (book.html / "index.html").stat().st_mtime_ns == before

    # prose, a caption that another page shows, a comment, the grade of a check, a damaged record of finished
    # pages, and times that do not matter: pages as far as they changed, no execution
    untouched = (book.build / "render" / "_build" / "html" / "cite.html").stat().st_mtime_ns
    check = book.root / "tests" / "theory" / "test_sum.py"
    changed = (book.book / "second.md", book.book / "first.md", book.root / "sums" / "powers.py", check)
    sources = {path: path.read_text(encoding="utf-8") for path in changed}
    stamp = (book.book / "second.md").stat()
    edit(book.book / "second.md", "Another page.", "Anotherr page.")
    os.utime(book.book / "second.md", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    edit(book.book / "first.md", "caption: Powers.", "caption: Some powers.")
    edit(book.root / "sums" / "powers.py", "from __future__", "# a comment\nfrom __future__")
    edit(check, 'grade="checked"', 'grade="proved"')
    (book.build / "render" / "finished.json").write_text("{")
    done = build(book)
    assert done.returncode == 0 and executed(done) == set()
    assert (book.build / "render" / "_build" / "html" / "cite.html").stat().st_mtime_ns == untouched
    second = (book.html / "second.html").read_text(encoding="utf-8")
    assert "Anotherr page." in second and "On trees" in second
    first = (book.html / "first.html").read_text(encoding="utf-8")
    assert "Some powers." in first and "✓ proved" in first and "is 14.0, as" in first
    checks = (book.html / "checks.html").read_text(encoding="utf-8")
    assert "squares(4) == total" in re.sub(r"<[^>]*>", "", checks)

    # rendered in part, back to where it was, the book is the one from nothing
    for path, text in sources.items():
        path.write_text(text, encoding="utf-8")
    done = build(book)
    assert done.returncode == 0 and executed(done) == set()
    assert differences(built_book.html, book.html) == []
    first = (book.html / "first.html").read_text(encoding="utf-8")

    # a warning of the site, and a check that fails: nothing is published
    edit(book.book / "ledger.md", "# What was reproduced", "# What was reproduced\n\n{ref}`nowhere`")
    done = build(book)
    assert done.returncode == 1 and executed(done) == set()
    assert "ledger.md:3: WARNING: undefined label: 'nowhere'" in done.stderr
    edit(check, "total: int = 14", "total: int = 15")
    done = build(book)
    assert done.returncode == 1 and "test_sum" in done.stderr and not book.theory.exists()
    assert (book.html / "first.html").read_text(encoding="utf-8") == first


def test_a_bad_profile_stops_the_build_before_anything_runs(book: Project) -> None:
    edit(book.root / "profiles" / "smoke.yml", "count: 2", "count: 0")
    done = build(book, "--profile", "smoke")
    assert done.returncode == 2
    assert "profiles/smoke.yml: first: parameter count = 0: out of range" in done.stderr
    assert not book.executed.exists() and not book.store.exists()


def kept(book: Project, chapter: str) -> bool:
    return bool(list(book.store.glob(f"{chapter}-*.gz")))


def test_kills_interruptions_and_many_at_once_lose_nothing(book: Project) -> None:
    door = (
        "import time\nfrom pathlib import Path\nwhile not Path('_build/go').exists():\n    time.sleep(0.05)"
    )
    edit(book.book / "first.md", "import matplotlib", f"{door}\nimport matplotlib")
    process = begin(book, "book", "--without-pages")
    until = time.monotonic() + 120
    while not kept(book, "second") and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)
    assert process.returncode == 130 and "press: interrupted" in said[1] and "Traceback" not in said[1]

    process = begin(book, "book", "--without-pages")
    while not (book.executed / "second.ipynb").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(3)
    process.kill()  # in the middle of the other chapter
    process.communicate()
    assert kept(book, "second") and not kept(book, "first")

    (book.build / "go").touch()
    # two builds, a sweep and a single run at once: one of the builds is refused, all others are right
    (book.root / "grid.yml").write_text("product: {base: [10.0, 2.0]}\n")
    builds = [begin(book, "book", "--without-pages") for _ in range(2)]
    others = [begin(book, "sweep", "second", "grid.yml", "-o", "results"), begin(book, "run", "first")]
    ends = [(*process.communicate(), process.returncode) for process in [*builds, *others]]
    assert sorted(code for _, _, code in ends[:2]) == [0, 2] and [end[2] for end in ends[2:]] == [0, 0], ends
    assert any("another build is at work" in told for _, told, _ in ends[:2])
    assert "2 points: 1 were there, 1 executed" in ends[2][0]
    runs = [
        json.loads((folder / "first.ipynb").read_text()) for folder in (book.executed, book.build / "runs")
    ]
    one, other = ([cell.get("outputs") for cell in run["cells"]] for run in runs)
    assert one == other
    done = build(book, "--without-pages")
    assert done.returncode == 0 and executed(done) == set()
    assert not list(book.build.glob("run-*")) and not list(book.build.rglob("*.tmp"))
