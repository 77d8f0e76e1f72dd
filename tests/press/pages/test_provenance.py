from __future__ import annotations

from press.pages.provenance import banner, provenance
from press.run.parameters import read_parameters
from press.run.project import Project

PRESS = {
    "chapter": "first",
    "profile": "smoke",
    "parameters": {"count": 2, "power": 0.1, "names": ["a", "b`c"], "seed": 7},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.26,
    "machine": "Linux x86_64, 2 processors",
    "versions": {"python": "3.13.0"},
    "commit": "abc+changes",
}


def test_every_parameter_is_shown_with_value_type_default_range_and_help(book: Project) -> None:
    text = provenance(PRESS, read_parameters(book.source("first")), "downloads/first.ipynb")
    row = r"| ` power ` | **` 0.1 `** (changed) | ` float ` | ` 2.0 ` | \(0\, inf\) | exponent |"
    assert row in text
    assert "| **`` ['a', 'b`c'] ``** (changed) |" in text
    assert r"labels\, as \*they\* are\_written" in text
    assert "{download}`Download the executed notebook <downloads/first.ipynb>`" in text
    assert "2026\\-01\\-02 03\\:04 UTC\\, in 1\\.3 s" in text and "abc\\+changes" in text
    assert "| Seed | 7 |\n" in text


def test_a_chapter_without_seed_says_so(book: Project) -> None:
    press = PRESS | {"chapter": "second", "parameters": {"base": 10.0}}
    assert "nothing here is random" in provenance(press, read_parameters(book.source("second")), "x.ipynb")


def test_banners() -> None:
    assert banner("default") == ""
    assert "not at the paper's scale" in banner("smoke") and ":class: warning" in banner("smoke")
    assert ":class: note" in banner("paper")
    assert "my\\_own" in banner("my_own")
    assert "MADE" in banner("default", "MADE") and "MADE" in banner("smoke", "MADE")
