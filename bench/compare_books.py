"""Compare two built books: what a reader sees, and whether links lead somewhere.

    python bench/compare_books.py OLD NEW

OLD and NEW are directories such as `_build/html`. Compared are the set of pages, the visible text of each and
the bytes of its pictures; in the new book, a link to what does not exist is reported. Left out is what must
differ from build to build, by the rules below, so a difference that is printed is one to explain. The exit
status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

ARTICLES = ("article.bd-article", "main", "body")
"""Where the text of a page is, the first that there is; the rest is the theme's."""
LEFT_OUT = "script, style, .headerlink, .cell_input, .byline, .made-by, #parameters, #how-this-page-was-made"
"""Parts that tell when, where and by which code a page was made."""
GENERATED = ("api", "genindex", "search", "404")
"""Pages (and folders) that come from docstrings or list everything: only their links are looked at."""
CHANGING = {
    r"\d{4}-\d\d-\d\d( \d\d:\d\d)?": "DATE",
    r"\b[\d,.]+ ?(?:ms|µs|s|min|h)\b": "TIME",
    r"\b[0-9a-f]{12,64}(?:\+changes)?\b": "HASH",
    r"(?<=DATE \| )[\d.]+(?= \|)|(?<=all \|  \| )[\d.]+(?= \|)": "TIME",
}
"""Patterns of what differs between two builds of one book, and what stands for it."""
BLOCKS = "p, li, h1, h2, h3, h4, tr, pre, figcaption, caption, dt, dd, summary, div"

Pages = dict[str, Tag]


def read(book: Path) -> Pages:
    """The articles of a book by the name of their page, without what its scripts bring along."""
    found = {}
    for path in sorted(book.rglob("*.html")):
        name = path.relative_to(book).as_posix()
        if not name.startswith("_"):
            page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
            articles = (page.select_one(selector) for selector in ARTICLES)
            found[name] = next((article for article in articles if article is not None), page)
    return found


def dead_links(book: Path, pages: Pages) -> list[str]:
    """Links inside a book to a file or a place in an article that does not exist."""
    places = {name: {str(tag["id"]) for tag in page.select("[id]")} for name, page in pages.items()}
    dead = []
    for name, page in pages.items():
        for anchor in page.select("a[href]"):
            link = urlsplit(str(anchor["href"]))
            if link.scheme or link.netloc:
                continue
            path = ((book / name).parent / unquote(link.path)).resolve() if link.path else book / name
            there = places.get(path.relative_to(book).as_posix()) if path.is_relative_to(book) else None
            lost = link.fragment and there is not None and unquote(link.fragment) not in there
            if lost or not path.exists():
                dead.append(f"{name}: {anchor['href']}")
    return list(dict.fromkeys(dead))


def pictures(book: Path, name: str, page: Tag) -> list[tuple[str, bytes]]:
    """Alternative text and bytes of the pictures of a page, in order."""
    images = [(str(image.get("alt")), unquote(str(image.get("src")))) for image in page.select("img")]
    paths = [(alt, (book / name).parent / source) for alt, source in images]
    return [(alt, path.read_bytes() if path.is_file() else b"") for alt, path in paths]


def text(page: Tag) -> list[str]:
    """The visible text of a page, which is used up: a line for each block, and for each row of a table."""
    for part in page.select(LEFT_OUT):
        part.decompose()
    for cell in page.select("td, th"):
        cell.replace_with(f"{' '.join(cell.get_text(' ').split())} | ")
    for block in page.select(BLOCKS):
        block.append("\n")
    lines = [" ".join(line.split()) for line in page.get_text().splitlines()]
    for pattern, name in CHANGING.items():
        lines = [re.sub(pattern, name, line) for line in lines]
    return [line for line in lines if line]


def compare(old: Path, new: Path) -> list[str]:
    """All differences, as lines to print."""
    before, after = read(old), read(new)
    found = [f"dead link in {new}: {link}" for link in dead_links(new, after)]
    for name in sorted(before.keys() | after.keys()):
        if name.removesuffix(".html").split("/")[0] in GENERATED:
            continue
        if name not in before or name not in after:
            found.append(f"{name}: only in {old if name in before else new}")
            continue
        images = pictures(old, name, before[name]), pictures(new, name, after[name])
        if images[0] != images[1]:
            found.append(f"{name}: pictures differ: {_unequal(*images)}")
        one, two = text(before[name]), text(after[name])
        found += difflib.unified_diff(one, two, f"old/{name}", f"new/{name}", lineterm="", n=1)
    return found


def _unequal(one: list[tuple[str, bytes]], two: list[tuple[str, bytes]]) -> str:
    if len(one) != len(two):
        return f"{len(one)} before, {len(two)} after"
    return "; ".join(b[0] for a, b in zip(one, two, strict=True) if a != b)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Compare two built books.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    given = parser.parse_args(arguments)
    found = compare(given.old.resolve(), given.new.resolve())
    print("\n".join(found) if found else "no differences")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
