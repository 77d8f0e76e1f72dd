"""The build graph, on a small book in a directory with a space in its name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from press.run.project import Project


def build(book: Project, profile: str = "default", *tasks: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "doit", f"profile={profile}", *tasks]
    return subprocess.run(command, cwd=book.root, capture_output=True, text=True, env=os.environ)


def executed(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Names of the chapters that a build executed; what it said is shown when a test fails."""
    print(done.stdout, done.stderr, sep="\n")
    return set(re.findall(r"(\w+): executed in", done.stderr))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_book_from_nothing_to_html_and_again(book: Project) -> None:
    done = build(book)
    assert done.returncode == 0, done.stdout + done.stderr
    assert executed(done) == {"first", "second"}
    assert re.search(r"The book is .*_build/html/index\.html \(2 chapters executed, [0-9.]+ s\)", done.stdout)

    # pages: the figure has number, caption and alternative text; glue, ledger, provenance are there
    first = (book.html / "first.html").read_text(encoding="utf-8")
    assert (
        re.search(r"The total <a [^>]*>(<span[^>]*>)+✓ proved(</span>)+</a> is <span", first)
        and "14.0</span>" in first
    )
    assert re.search(r'<span class="caption-number">Fig. 1 ?</span>', first)
    assert 'alt="A line through the first powers, rising from left to right."' in first
    assert "vnd.opgd" not in first and "Table 1, gamma" not in first
    assert re.search(r"<h2>(<[^>]*>)?[0-9.]*(</span>)? ?Parameters<", first)
    assert "How this page was made" in first and "they* are_written" in first
    assert re.search(r'href="_downloads/[^"]*/first\.ipynb"', first)
    ledger = (book.html / "ledger.html").read_text(encoding="utf-8")
    assert "match: 1" in ledger and 'href="first.html#fig-first"' in ledger and "Fig. 1" in ledger
    check = r'href="checks.html#(number-tests-test-small-test-small)"[^>]*>(?:<span[^>]*>)+<code'
    target = re.search(check, ledger)
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

    # a second build executes nothing and leaves the pages alone
    before = (book.html / "index.html").stat().st_mtime_ns
    done = build(book)
    assert done.returncode == 0 and executed(done) == set() and "0 chapters executed" in done.stdout
    assert (book.html / "index.html").stat().st_mtime_ns == before

    # a chapter's own text, and times that do not matter
    (book.book / "first.md").touch()
    stamp = (book.book / "second.md").stat()
    edit(book.book / "second.md", "Another page.", "Anotherr page.")
    edit(book.book / "second.md", "Second page", "Secnd page")
    os.utime(book.book / "second.md", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    done = build(book)
    assert done.returncode == 0 and executed(done) == {"second"}
    assert "Anotherr page." in (book.html / "second.html").read_text(encoding="utf-8")

    # the look of the site alone: pages, but no execution
    edit(book.root / "press" / "pages" / "provenance.py", "### How this page was made", "### How it was made")
    done = build(book)
    assert done.returncode == 0 and executed(done) == set()
    assert "How it was made" in (book.html / "second.html").read_text(encoding="utf-8")

    # a failing chapter fails the build, the other one still runs, nothing stale is published or lost
    edit(book.book / "first.md", "glue(", "raise ArithmeticError('on purpose'); glue(")
    edit(book.book / "second.md", "Anotherr", "Yet another")
    old = (book.html / "second.html").read_text(encoding="utf-8")
    done = build(book)
    assert done.returncode != 0
    assert executed(done) == {"second"} and "ArithmeticError: on purpose" in done.stdout + done.stderr
    assert "The book was not built" in done.stdout
    assert not (book.executed / "first.ipynb").exists() and (book.failed / "first.ipynb").exists()
    assert (book.html / "second.html").read_text(encoding="utf-8") == old


def test_what_every_chapter_depends_on(book: Project) -> None:
    done = build(book, "smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    notebook = json.loads((book.executed / "first.ipynb").read_text(encoding="utf-8"))
    assert notebook["metadata"]["press"]["parameters"]["count"] == 2
    for page in ("first", "second", "ledger", "checks"):
        assert "A smoke run" in (book.html / f"{page}.html").read_text(encoding="utf-8")

    # the smoke run's ledger row does not match, which is no error there
    rows = json.loads(book.ledger.read_text(encoding="utf-8"))
    assert [(row["item"], row["chapter"]) for row in rows] == [("Table 1", "first")]

    (book.root / "opgd" / "extra.py").write_text("X = 1\n")
    assert executed(build(book, "smoke", "chapter")) == {"first", "second"}
    with (book.root / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert executed(build(book, "smoke", "chapter")) == {"first", "second"}
    edit(book.root / "profiles" / "smoke.yml", "count: 2", "count: 3")
    (book.executed / "second.ipynb").write_text("{")  # damaged, or left by a build that was killed
    assert executed(build(book, "smoke", "chapter")) == {"first", "second"}
    assert json.loads((book.executed / "second.ipynb").read_text(encoding="utf-8"))["cells"]


def test_badges_come_from_the_report_and_a_failed_check_stops_the_build(book: Project) -> None:
    assert build(book).returncode == 0
    page = (book.html / "first.html").read_text(encoding="utf-8")
    assert re.search(r'href="checks.html#check-sum"[^>]*>(<span[^>]*>)*<span class="[^"]*badge-proved', page)
    assert "assert 1 + 1 == total" in re.sub(
        r"<[^>]*>", "", (book.html / "checks.html").read_text(encoding="utf-8")
    )

    # another grade: another badge, and no chapter is executed again
    edit(book.root / "tests" / "theory" / "test_sum.py", 'grade="proved"', 'grade="checked"')
    done = build(book)
    assert done.returncode == 0 and executed(done) == set()
    assert "✓ checked" in (book.html / "first.html").read_text(encoding="utf-8")

    edit(book.root / "tests" / "theory" / "test_sum.py", "total: int = 2", "total: int = 4")
    done = build(book)
    assert done.returncode != 0 and "test_sum" in done.stdout + done.stderr
    assert not book.theory.exists()
    edit(book.root / "tests" / "theory" / "test_sum.py", "total: int = 4", "total: int = 2")
    edit(book.book / "first.md", "{mark}`sum`", "{mark}`some`")
    done = build(book)
    assert done.returncode != 0 and "unknown statement 'some'" in done.stdout + done.stderr


def test_a_warning_of_the_site_fails_the_build(book: Project) -> None:
    edit(book.book / "ledger.md", "# What was reproduced", "# What was reproduced\n\n{ref}`nowhere`")
    done = build(book)
    assert done.returncode != 0
    assert "ledger.md:3: WARNING: undefined label: 'nowhere'" in (done.stdout + done.stderr)
    assert not book.html.exists()


def test_a_bad_profile_stops_the_build_before_anything_runs(book: Project) -> None:
    edit(book.root / "profiles" / "smoke.yml", "count: 2", "count: 0")
    done = build(book, "smoke")
    assert done.returncode != 0
    assert "profiles/smoke.yml: first: parameter count = 0: out of range" in done.stdout + done.stderr
    assert not book.executed.exists()
