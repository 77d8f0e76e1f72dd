"""The examination of pages finds what it is meant to find."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOOLTIPS = Path(__file__).resolve().parents[2] / "book" / "assets" / "tooltips"
VENDOR = Path(__file__).with_name("vendor") / "axe-core"
GOOD = """<!DOCTYPE html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,">
<style>html {background: white; color: black}</style></head>
<body><main><h1>A page</h1><p>With <a href="#end">text</a>.</p><p id="end">End.</p></main></body></html>"""
LOW = '<div class="math" style="height: 5px; overflow: hidden">Half a line</div>'
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def test_axe_is_the_version_that_its_readme_names() -> None:
    script = (VENDOR / "axe.min.js").read_bytes()
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(script).hexdigest() in readme
    version = re.search(rb"axe v([\d.]+)", script)
    assert version is not None and f"axe-core {version[1].decode()} " in readme


def test_the_scripts_of_the_previews_are_the_versions_that_their_readme_names() -> None:
    readme = (TOOLTIPS / "README.md").read_text(encoding="utf-8")
    for name, license in (("popper.min.js", "popper"), ("tippy-bundle.umd.min.js", "tippy")):
        digest = hashlib.sha256((TOOLTIPS / name).read_bytes()).hexdigest()
        assert f"SHA-256 of {name}: {digest}" in readme
        assert "Permission is hereby granted" in (TOOLTIPS / f"LICENSE-{license}").read_text(encoding="utf-8")


def test_the_library_of_the_search_is_the_version_that_its_readme_names() -> None:
    folder = TOOLTIPS.with_name("search")
    digest = hashlib.sha256((folder / "minisearch.js").read_bytes()).hexdigest()
    assert f"SHA-256 of minisearch.js: {digest}" in (folder / "README.md").read_text(encoding="utf-8")
    assert "Permission is hereby granted" in (folder / "LICENSE-minisearch").read_text(encoding="utf-8")


def test_every_fault_is_found(
    serve: Callable[..., Any], faults: Callable[..., list[str]], tmp_path: Path
) -> None:
    broken = {
        r"request to http://localhost:9/x": '<img src="http://localhost:9/x" alt="a picture from elsewhere">',
        r"does not load": '<img src="missing.png" alt="a picture that is not there">',
        r"alternative text 'plot\.png'": f'<img src="{PIXEL}" alt="plot.png">',
        r"as a file: error: .*oh no": "<script>if (location.host == '') throw Error('oh no')</script>",
        r"375: 900 pixels wide": '<p style="width: 900px; margin-left: -8px">A wide line of text</p>',
        r"dark, 1280: color-contrast": "<style>@media (prefers-color-scheme: dark) {p {color: #ddd}}</style>",
        r"light, 375: label: <input": "<input>",
        r"formula: bad": "<mjx-merror>bad</mjx-merror>",
        r"formulas are cut off": f"<article>{LOW}<p>Below.</p></article>",
    }
    (tmp_path / "good.html").write_text(GOOD)
    (tmp_path / "bad.html").write_text(GOOD.replace("</main>", "".join(broken.values()) + "</main>"))
    server = serve(tmp_path)
    assert faults(server, "good.html") == []
    found = faults(server, "bad.html", limit=100, pauses=(300,))
    for pattern in [*broken, r"bad\.html: \d+ bytes"]:
        assert any(re.search(pattern, fault) for fault in found), (pattern, found)


def test_broken_links_are_found(links: Callable[[Path], list[str]], tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text(GOOD)
    assert links(tmp_path) == []
    wrong = ["#start", "good.html#start", "none.html", "_static/none.js"]
    right = ["good.html#end", "https://example.org/none.html", "mailto:a@example.org", "#", "a%20b.txt"]
    (tmp_path / "a b.txt").write_text("text")
    (tmp_path / "bad.html").write_text("".join(f'<a href="{link}">x</a>' for link in wrong + right))
    assert links(tmp_path) == [f"bad.html: {link}" for link in wrong]
