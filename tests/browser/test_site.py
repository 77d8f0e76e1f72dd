"""All pages of a built book: `make check-pages`."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

# Pages that compute in the browser, and the reference of all functions, may be heavier.
HEAVY = ("explorer", "api")
HEAVIEST = 1_500_000


WANTED = {
    "lemma D.1": "two-layer.html",
    "how do I run": "run-it-yourself.html",
    "truncation": "rates.html",
    "universal time": "stopping.html",
    "stein": "stopping.html",
    "figure 5": "torus.html",
    "real data": "real-data.html",
    "minimax": "theorems.html",
    "soft threshold": "two-layer.html",
    "errata": "errata.html",
    "gradient descent": "two-layer.html",
    "install": "run-it-yourself.html",
    "effective span dimension": "stopping.html",
    "cite": "cite.html",
    "learned eigenvalue": "learned-eigenvalues.html",
    "separate layers": "deeper.html",
    "two-layer flow": "two-layer.html",
    "sobolev": "torus.html",
    "empirical bayes": "classics.html",
    "oracle": "stopping.html",
}
"""What readers may ask, and the page that should come first."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        site: Path | None = metafunc.config.getoption("--site", None)
        names = [] if site is None else sorted(str(path.relative_to(site)) for path in pages(site))
        metafunc.parametrize("name", names)


def pages(site: Path) -> list[Path]:
    """Pages for readers: not the forward from `index.html`, nor what scripts bring along."""
    inside = [path for path in site.rglob("*.html") if path.relative_to(site).parts[0][0] != "_"]
    return [path for path in inside if path.name != "index.html"]


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Path:
    given: Path | None = request.config.getoption("--site", None)
    if given is None:
        pytest.skip("no --site given; `make check-pages` examines the pages that `make book` made")
    if not (given / "index.html").is_file():
        pytest.fail(f"--site {given}: there is no book; `make book` makes one")
    return given.resolve()


def test_links_lead_somewhere(site: Path, links: Callable[[Path], list[str]]) -> None:
    assert links(site) == []


def test_nothing_is_wrong_with_a_page(
    site: Path,
    serve: Callable[[Path], Any],
    faults: Callable[..., list[str]],
    record_property: Callable[[str, float], None],
    name: str,
) -> None:
    server = serve(site)
    limit = math.inf if name.startswith(HEAVY) else HEAVIEST
    assert faults(server, name, limit=limit, record=record_property) == []


def test_the_search_finds_what_readers_ask_for(
    site: Path, serve: Callable[[Path], Any], watch: Callable[..., Any]
) -> None:
    server, watched = serve(site), watch()
    first = {}
    for query in WANTED:
        watched.open(f"{server.url}search.html?q={quote(query)}")
        link = watched.page.locator("#search-results ul.search li a").first
        first[query] = (link.get_attribute("href") or "").partition("#")[0]
    assert first == WANTED
    assert watched.errors == []
