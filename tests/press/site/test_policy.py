from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from press.site.policy import BOOK, SINGLE, protect

PAGE = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"/><title>x</title>{}</head><body>{}</body></html>'


def allowed(page: str) -> list[str]:
    found = re.search(r'http-equiv="Content-Security-Policy" content="[^"]*script-src ([^;"]*)', page)
    assert found
    return found[1].split()


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@settings(derandomize=True, deadline=None, max_examples=50)
@given(text=st.text(st.characters(exclude_characters="<\0\r", codec="utf-8"), min_size=1))
def test_inline_scripts_are_allowed_by_their_hash_and_kept(text: str) -> None:
    page = PAGE.format(f"<script>{text}</script>", "")
    protected = protect(page, BOOK)
    assert allowed(protected) == ["'self'", "file:", hashed(text)]
    assert re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", protected) == page


def test_scripts_of_files_need_no_hash_and_handlers_are_allowed_one_by_one() -> None:
    button = '<button onclick="go(&quot;a&quot;)">x</button>'
    page = PAGE.format(
        '<script src="a.js"></script><script>a</script>', f"{button}{button}<script>a</script>"
    )
    expected = ["'self'", "file:", hashed("a"), "'unsafe-hashes'", hashed('go("a")')]
    assert allowed(protect(page, BOOK)) == expected


def test_the_policy_stands_before_all_that_loads_and_the_character_set_before_it() -> None:
    protected = protect(PAGE.format('<link href="a.css">', ""), BOOK)
    assert protected.index("charset") < protected.index("Content-Security") < protected.index("<title>")
    forward = '<meta content="0; url=welcome.html" http-equiv="Refresh"/>'
    assert protect(forward, BOOK).endswith(f'">{forward}')
    assert protect("<!DOCTYPE html>\n<title>x</title>", BOOK).startswith("<!DOCTYPE html><meta http-equiv")


def test_a_page_of_one_file_may_load_nothing() -> None:
    assert allowed(protect(PAGE.format("", ""), SINGLE)) == ["'none'"]
    assert allowed(protect(PAGE.format("<script>a</script>", ""), SINGLE)) == [hashed("a")]
    assert "default-src 'none'" in protect(PAGE.format("", ""), SINGLE)


def test_a_policy_that_would_come_too_late_or_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="loads before its Content-Security-Policy"):
        protect('<head><script>a</script><meta charset="utf-8"></head>', BOOK)
    with pytest.raises(ValueError, match="has a Content-Security-Policy already"):
        protect(protect(PAGE.format("", ""), BOOK), BOOK)
