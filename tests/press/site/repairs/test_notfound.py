from __future__ import annotations

import re

from press.site.repairs.notfound import page


def test_the_page_loads_nothing_and_lists_every_page() -> None:
    text = page("A & B", [("welcome.html", "Welcome"), ("a.html", "p < q")])
    assert '<a href="welcome.html">Welcome</a>' in text and '<a href="a.html">p &lt; q</a>' in text
    assert "No such page: A &amp; B" in text
    assert re.findall(r"(?:src|stylesheet)=", text) == []
