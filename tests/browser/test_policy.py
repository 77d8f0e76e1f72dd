"""The Content-Security-Policy of the pages: what it refuses, and that no page is in its way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from press.run.project import Project

# Collect what the policy refuses; then try, in turn, what an intruder would.
RECORD = """() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation",
        event => window.refused.push([event.effectiveDirective, event.blockedURI]));
}"""
INTRUDE = """async () => {
    const elsewhere = "https://example.invalid/";
    const add = (tag, given) => document.body.append(Object.assign(document.createElement(tag), given));
    add("img", {src: elsewhere + "image.png", alt: ""});
    add("script", {src: elsewhere + "script.js"});
    add("link", {rel: "stylesheet", href: elsewhere + "style.css"});
    add("iframe", {src: elsewhere + "frame.html"});
    add("object", {data: elsewhere + "object.swf"});
    add("script", {textContent: "window.intruder = true"});
    document.body.insertAdjacentHTML("beforeend", "<img src='data:,' alt='' onerror='intruder = true'>");
    setTimeout("window.intruder = true");
    await fetch(elsewhere + "data.json").catch(() => null);
    await new Promise(resolve => setTimeout(resolve, 200));
    return [window.intruder === true, window.refused];
}"""


def pages(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*.html") if "_static" not in path.parts]


def test_every_page_has_the_policy_and_it_names_no_host(built_book: Project) -> None:
    found = pages(built_book.html)
    assert {"first", "ledger", "search", "404", "index"} <= {path.stem for path in found}
    for path in found:
        text = path.read_text(encoding="utf-8")
        (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
        assert policy.startswith("default-src 'self' file:; ")
        sources = {s for part in policy.split("; ") for s in part.split()[1:] if "sha256-" not in s}
        assert sources - {"'unsafe-hashes'"} == {"'self'", "file:", "data:", "'none'", "'unsafe-inline'"}
        scripts = re.search("script-src ([^;]*)", policy)
        assert scripts and "unsafe-inline" not in scripts[1] and "unsafe-eval" not in scripts[1]


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("name", ["first", "404"])
def test_what_comes_from_elsewhere_is_refused(
    built_book: Project, serve: Callable[[Path], Any], watch: Callable[..., Any], name: str, served: bool
) -> None:
    start = serve(built_book.html).url if served else built_book.html.as_uri() + "/"
    watched = watch()
    watched.open(f"{start}{name}.html")
    assert watched.errors == []  # nothing of the page's own is refused
    watched.page.evaluate(RECORD)
    ran, refused = watched.page.evaluate(INTRUDE)
    assert not ran
    elsewhere = {directive for directive, address in refused if address.startswith("https://example.invalid")}
    assert elsewhere == {
        "img-src", "script-src-elem", "style-src-elem", "frame-src", "object-src", "connect-src"
    }  # fmt: skip
    within = {directive for directive, address in refused if address in ("inline", "eval")}
    assert within == {"script-src", "script-src-elem", "script-src-attr"}
    assert any("Content Security Policy" in error for error in watched.errors)  # `examine` reports them
    watched.page.close()
