"""The Content-Security-Policy of every page: nothing comes from another host, and no other code runs.

The policy stands in the page itself, so it holds on any server, below any path, and when the page is opened
as a file. Inline scripts and handlers are allowed one by one, by the hash of their text; so a script that
gets into a page later, by whatever way, does not run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

__all__ = ["BOOK", "SINGLE", "protect"]

BOOK = {
    "default-src": "'self' file:",
    "img-src": "'self' file: data:",
    "style-src": "'self' file: 'unsafe-inline'",
    "script-src": "'self' file:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self' file:",
}
"""For pages of a book: its own files only.

`file:` is for books opened from a disk, where some browsers take 'self' for no file at all; a page from a
server cannot load a file whatever its policy. MathJax and the style attributes of figures need inline styles.
"""

SINGLE = {
    "default-src": "'none'",
    "img-src": "data:",
    "font-src": "data:",
    "style-src": "'unsafe-inline'",
    "script-src": "",
    "base-uri": "'none'",
    "form-action": "'none'",
}
"""For a page that is one file: what it holds, nothing else."""

_CHARSET = re.compile(r"<meta charset=[^>]*>", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>|<!DOCTYPE[^>]*>(?!.*<head)", re.IGNORECASE | re.DOTALL)


class _Scripts(HTMLParser):
    """Collect the inline scripts and the inline event handlers of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handlers += [value for name, value in attrs if name.startswith("on") and value]
        if tag == "script" and "src" not in dict(attrs):
            self.scripts.append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def protect(page: str, policy: dict[str, str]) -> str:
    """Put a policy into a page in its final form, with the hashes of the scripts that are in it now.

    It is a ValueError if something that loads stands before the place of the policy, or the page has one
    already.

    >>> page = protect("<head><script>run()</script></head>", {"script-src": "'self'"})
    >>> for part in page.split(" content="):
    ...     print(part)
    <head><meta http-equiv="Content-Security-Policy"
    "script-src 'self' 'sha256-AvyuiL0SD1mVY3NNxR+V2uo+lhk6RMFrytWmRt6CrJQ='"><script>run()</script></head>
    """
    if 'http-equiv="content-security-policy"' in page.lower():
        raise ValueError("the page has a Content-Security-Policy already")
    found = _CHARSET.search(page) or _HEAD.search(page)
    place = found.end() if found else 0
    if re.search(r"<(?:script|link|style|img)\b", page[:place], re.IGNORECASE):
        raise ValueError("something in the page loads before its Content-Security-Policy")
    reader = _Scripts()
    reader.feed(page.replace("\r\n", "\n"))
    reader.close()
    allowed = [_hash(text) for text in reader.scripts]
    if reader.handlers:
        allowed += ["'unsafe-hashes'", *map(_hash, reader.handlers)]
    sources = dict(policy)
    sources["script-src"] = " ".join([sources["script-src"], *dict.fromkeys(allowed)]).strip() or "'none'"
    content = "; ".join(f"{directive} {source}" for directive, source in sources.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    return page[:place] + meta + page[place:]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
