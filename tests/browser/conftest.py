"""Pages in a real browser: a server, and `examine`, which lists what is wrong with a page."""

from __future__ import annotations

import contextlib
import functools
import gzip
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).with_name("vendor") / "axe-core" / "axe.min.js"
SIZES = ((1280, 900), (375, 812))
MODES = ("light", "dark")
HEAVIEST = 1_500_000  # bytes, compressed: a page with everything that it loads
PAUSES = (300, 1000, 4000)  # milliseconds in which a page may settle after a change
PREFIX = "/below/a/path/"

READY = "() => window.MathJax?.startup ? MathJax.startup.promise.then(() => true) : true"
# How far what is in view moves while a page loads, as browsers measure it.
MEASURE_SHIFT = """window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value; }))
    .observe({type: "layout-shift", buffered: true});"""
# A theme changes nothing but colours, so all rules are run in light and those about colours in dark.
RUN_AXE = """mode => axe.run(document, {
    resultTypes: ["violations"],
    ...(mode === "dark" ? {runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}} : {}),
}).then(found => found.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 200)}`)))"""
# Leave in the article only its formulas that do not scroll: displayed ones, and some lines of the text.
LEAVE_FORMULAS = """async () => {
    const article = document.querySelector("article");
    if (!article) return 0;
    const inside = [...article.querySelectorAll(":not(.math) > span.math")].slice(0, 8);
    const lines = new Set(inside.map(formula => formula.closest("p, li, dd, dt, td, th") ?? formula));
    article.replaceChildren(...article.querySelectorAll("div.math"), ...lines);
    await new Promise(resolve => setTimeout(resolve, 100));
    await document.fonts.ready;  // a formula that was never in view may need one
    for (const scroller of article.querySelectorAll("div.math, mjx-container")) {
        const scrolls = scroller.scrollWidth > scroller.clientWidth + 1;
        if (scrolls) (scroller.closest("div.math") ?? scroller).remove();
    }
    return article.childElementCount;
}"""
PLACES = """formulas => formulas.map(formula => {
    const {left, top, width, height} = formula.getBoundingClientRect();
    const [x, y] = [left + scrollX, top + scrollY];
    return [x - 8, y - 8, x + width + 8, y + height + 8, formula.textContent.trim().slice(0, 30)];
})"""
READ = """() => ({
    theme: document.documentElement.dataset.theme,
    formulas: [...document.querySelectorAll("mjx-merror")].map(x => x.textContent),
    images: [...document.images].filter(x => x.closest("main")).map(x => [x.alt, x.naturalWidth, x.src]),
    width: document.documentElement.scrollWidth,
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    loaded: [location.href, ...performance.getEntriesByType("resource").map(x => x.name)],
})"""


class Server:
    """The files of a directory below `PREFIX`, with `404.html` for what is not there."""

    def __init__(self, directory: Path) -> None:
        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def copyfile(self, *files: Any) -> None:
                with contextlib.suppress(ConnectionError):  # the page was left
                    super().copyfile(*files)

            def translate_path(self, path: str) -> str:
                inside = unquote(urlsplit(path).path).removeprefix(PREFIX)
                return str(directory / "404" if inside.startswith("/") else directory / inside)

            def send_error(self, code: int, *_: object) -> None:
                body = (directory / "404.html").read_bytes() if (directory / "404.html").exists() else b""
                self.send_response(code)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body if self.command == "GET" else b"")

        self.directory = directory
        self.http = ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(directory))
        )
        self.url = f"http://127.0.0.1:{self.http.server_port}{PREFIX}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def weight(self, urls: list[str]) -> int:
        """Compressed size of the files behind the addresses, each once."""
        files = {self.directory / unquote(urlsplit(url).path).removeprefix(PREFIX) for url in urls}
        return sum(len(gzip.compress(file.read_bytes())) for file in files if file.is_file())


class Watched:
    """A page whose requests and errors are recorded."""

    def __init__(self, browser: Browser, mode: str = "light", size: tuple[int, int] = SIZES[0]) -> None:
        viewport = {"width": size[0], "height": size[1]}
        self.page: Page = browser.new_page(color_scheme=mode, viewport=viewport)
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.add_init_script(MEASURE_SHIFT)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))

    def foreign(self, home: str) -> list[str]:
        """Requests that went elsewhere."""
        return [url for url in self.asked if not url.startswith((home, "data:", "blob:"))]

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.evaluate(READY)


def examine(
    browser: Browser,
    server: Server,
    name: str,
    limit: int = HEAVIEST,
    pauses: tuple[int, ...] = PAUSES,
    record: Callable[[str, float], None] | None = None,
) -> list[str]:
    """List the faults of one page: from a server in both modes and sizes, and opened as a file.

    It may weigh `limit` bytes. `record` is told when it was first painted, in milliseconds, and how far what
    was in view has moved.
    """
    watched = Watched(browser)
    watched.open(server.url + name)
    watched.page.wait_for_timeout(pauses[0])
    shift = watched.page.evaluate("window.shift")
    watched.page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    faults = []
    for size in SIZES:
        watched.page.set_viewport_size({"width": size[0], "height": size[1]})
        for mode in MODES:
            watched.page.emulate_media(color_scheme=mode)
            seen, found = _look(watched.page, mode, size[0], pauses)
            faults += [f"{name}, {mode}, {size[0]}: {fault}" for fault in found]
    if record and seen["paint"]:
        record("first paint", seen["paint"])
        record("layout shift", shift)
    faults += [f"{name}: formula: {text}" for text in seen["formulas"]]
    for alt, width, source in seen["images"]:
        if len(alt) < 20 or re.fullmatch(r"\S+\.\w+", alt):
            faults.append(f"{name}: {source}: alternative text {alt!r}")
        if width == 0:
            faults.append(f"{name}: {source}: does not load")
    if (weight := server.weight(seen["loaded"])) > limit:
        faults.append(f"{name}: {weight} bytes")
    faults += [f"{name}: request to {url}" for url in watched.foreign(server.url)]
    faults += [f"{name}: error: {error}" for error in watched.errors]
    watched.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    faults += _clipped(watched.page, name)
    watched.page.close()
    return faults + _as_file(browser, server.directory / name)


def _clipped(page: Page, name: str) -> list[str]:
    """Formulas that are cut off: no pixel may change when all that rises or hangs over is shown.

    The page holds nothing else afterwards.
    """
    if not page.evaluate(LEAVE_FORMULAS):
        return []
    places = page.locator("article .math:visible").evaluate_all(PLACES)
    shots = []
    for style in ("nothing {}", ".math, mjx-container { overflow: visible !important; }"):
        page.add_style_tag(content=style)
        shot = page.screenshot(animations="disabled", full_page=True)
        shots.append(Image.open(BytesIO(shot)).convert("RGB"))
    changed = ImageChops.difference(*shots)
    cut = [text for *box, text in places if changed.crop(tuple(box)).getbbox()]
    return [f"{name}: formulas are cut off: {cut[:3]}"] if cut else []


def _look(page: Page, mode: str, width: int, pauses: tuple[int, ...]) -> tuple[dict[str, Any], list[str]]:
    """Read a page after a change of mode or size; what passes while it settles is no fault."""
    for pause in pauses:
        page.wait_for_timeout(pause)
        seen = page.evaluate(READ)
        found = [] if seen["theme"] in (mode, None) else [f"the theme is {seen['theme']}"]
        found += [f"{seen['width']} pixels wide"] if seen["width"] > width else []
        found += page.evaluate(RUN_AXE, mode)
        if not found:
            break
    return seen, found


def _as_file(browser: Browser, path: Path) -> list[str]:
    watched = Watched(browser)
    watched.open(path.as_uri())
    faults = [f"{path.name}, as a file: request to {url}" for url in watched.foreign("file:")]
    faults += [f"{path.name}, as a file: error: {error}" for error in watched.errors]
    watched.page.close()
    return faults


def broken_links(site: Path) -> list[str]:
    """List the links, scripts, styles and images of a built book that lead nowhere inside it."""
    found = [path for path in site.rglob("*.html") if path.relative_to(site).parts[0] != "_static"]
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in found}
    anchors = {path: {element["id"] for element in page.select("[id]")} for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        for element in page.select("[href], [src]"):
            link = str(element.get("href") or element.get("src") or "")
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link in ("", "#"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            gone = parts.fragment and target in anchors and unquote(parts.fragment) not in anchors[target]
            if gone or not target.is_file():
                broken.append(f"{path.relative_to(site)}: {link}")
    return broken


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium here; Debian and Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Server]]:
    """Start servers that stop with the test."""
    servers: list[Server] = []

    def start(directory: Path) -> Server:
        servers.append(Server(directory))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def faults(browser: Browser) -> Callable[..., list[str]]:
    """The function `examine`, with the browser."""
    return functools.partial(examine, browser)


@pytest.fixture
def watch(browser: Browser) -> Callable[..., Watched]:
    """The class `Watched`, with the browser."""
    return functools.partial(Watched, browser)


@pytest.fixture
def links() -> Callable[[Path], list[str]]:
    """The function `broken_links`."""
    return broken_links


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how soon pages were painted, and how far they moved; neither is a test."""
    passed = terminalreporter.stats.get("passed", [])
    for what, unit, limit in (("first paint", " ms", 1000), ("layout shift", "", 0.05)):
        told = {report.nodeid: dict(report.user_properties).get(what) for report in passed}
        values = sorted((value, name) for name, value in told.items() if value is not None)
        if values:
            inside = sum(value <= limit for value, _ in values)
            middle, (most, where) = values[len(values) // 2][0], values[-1]
            terminalreporter.write_line(
                f"{what}: median {middle:.3g}{unit}, at most {most:.3g}{unit} ({where}); "
                f"within {limit}{unit}: {inside} of {len(values)} pages"
            )
