from __future__ import annotations

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from press.site.byline import _duration, byline, minutes_to_read


def test_words_formulas_and_figures_take_time_and_code_takes_none() -> None:
    document = publish_doctree("word " * 401)
    assert minutes_to_read(document) == 3
    document += nodes.literal_block("", "code " * 5000)
    assert minutes_to_read(document) == 3
    document += [nodes.math_block("", r"x + y") for _ in range(4)]
    assert minutes_to_read(document) == 4  # 2.005 + 1
    document += [nodes.figure(), nodes.figure()]
    assert minutes_to_read(document) == 5
    document += nodes.raw("", "<span title='" + "word " * 900 + "'>", format="html")
    assert minutes_to_read(document) == 5
    assert len(list(document.findall(nodes.literal_block))) == 1  # the page is as it was
    assert minutes_to_read(publish_doctree("")) == 1


def test_the_line_escapes_links_and_offers_code_where_there_is_some() -> None:
    line = byline(1, 3.2, 'a&b".ipynb', "cite.html")
    assert "About 1 minute to read" in line and "ran in 3 s" in line
    assert 'href="a&amp;b&quot;.ipynb" download' in line and "<button" in line
    assert "<button" not in byline(2, None, None, "cite.html")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "under 1 s"), (0.99, "under 1 s"), (1.0, "1 s"), (119.0, "119 s"), (150.0, "2 min")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert _duration(seconds) == shown
