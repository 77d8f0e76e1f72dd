"""The store: whole or not there, whoever uses it at the same time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from press.chapter import keep
from press.run.project import Project
from press.run.store import Store


def test_what_is_put_is_got(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.get("a") is None and store.names() == []
    store.put("a", b"one")
    store.put("a", b"two")
    assert store.get("a") == b"two" and store.names() == ["a"]


@pytest.mark.parametrize("damage", ["half", "empty", "noise", "one bit"])
def test_a_damaged_entry_counts_as_missing(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    store.put("a", b"results " * 1000 + bytes(range(256)))
    content = store.path("a").read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    damaged = {"half": content[:middle], "empty": b"", "noise": b"x" * 500, "one bit": flipped}
    store.path("a").write_bytes(damaged[damage])
    assert store.get("a") is None
    store.put("a", b"again")
    assert store.get("a") == b"again"


def test_readers_beside_writers_see_whole_entries(tmp_path: Path) -> None:
    store, seen, stop = Store(tmp_path), set[bytes | None](), threading.Event()
    contents = [bytes([number]) * 50_000 for number in range(3)]
    store.put("a", contents[0])

    def write(content: bytes) -> None:
        while not stop.is_set():
            store.put("a", content)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for _ in range(300):
        seen.add(store.get("a"))
    stop.set()
    for writer in writers:
        writer.join()
    assert seen <= set(contents)


def test_what_a_chapter_keeps_is_lost_with_the_code_that_made_it(book: Project) -> None:
    kept = keep.Kept(book.root)
    assert kept.get("cell") is None
    kept.put("cell", b"1.5\n2.5")
    assert kept.get("cell") == b"1.5\n2.5" == keep.Kept(book.root).get("cell")
    (book.root / "sums" / "more.py").write_text("X = 1\n")
    assert keep.Kept(book.root).get("cell") is None


def test_the_seconds_kept_add_up_to_those_that_passed(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(keep.time, "monotonic", lambda: now[0])
    kept = keep.Kept(book.root)
    assert kept.get("a") is None and kept.get("b") is None
    for name, end in (("a", 10.0), ("b", 11.0)):  # two threads: 21 seconds of work in 11
        now[0] = end
        kept.put(name, b"x")
    names = Store(book.store).names()
    entries = (Store(book.store).get(name) or b"" for name in names)
    assert sum(float(entry.partition(b"\n")[0]) for entry in entries) == 11.0
