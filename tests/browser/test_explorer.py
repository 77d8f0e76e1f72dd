"""The explorer page in a real browser: its numbers against opgd, its sliders, its address, its looks."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from cases import vanilla_risk
from playwright.sync_api import Browser, Page
from scipy.stats import kstest

from opgd import OverParameterizedFlow, PowerLaw, VanillaFlow, expected_risk, oracle_stopping
from press.run.execute import clean_notebook
from press.run.parameters import read_parameters
from press.site.html import JUPYTER_BOOK
from press.site.repairs.accessibility import mend

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "book" / "explorer.md"
SCRIPTS = ROOT / "book" / "assets" / "explorer"
DEPTHS = [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def bare(browser: Browser) -> Page:
    """An empty page with the mathematics."""
    page = browser.new_page()
    for name in ("flow.js", "problem.js"):
        page.add_script_tag(path=SCRIPTS / name)
    return page


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page in the book's theme, without the outputs of its cells, below a path with a space in it."""
    folder = tmp_path_factory.mktemp("explorer")
    site, out = folder / "site", folder / "a book"
    shutil.copytree(ROOT / "book" / "assets", site / "assets")
    shutil.copy(ROOT / "_config.yml", site)
    shutil.copy(ROOT / "book" / "references.bib", site)
    notebook = clean_notebook(SOURCE)
    notebook.metadata["press"] = {"seconds": 0.0}
    nbformat.write(notebook, site / "explorer.ipynb")
    (site / "_toc.yml").write_text("format: jb-book\nroot: explorer\n", encoding="utf-8")
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(site), "--path-output", str(out), "-q"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    page = out / "_build" / "html" / "explorer.html"
    page.write_text(mend(page.read_text(encoding="utf-8")), encoding="utf-8")  # as a build does
    return page.as_uri()


@pytest.fixture
def explorer(browser: Browser, address: str) -> Iterator[Any]:
    """`explorer(query, **context)` opens the page; errors and requests to other hosts fail the test.

    MathJax, which typesets the prose around the pictures, is left out unless `formulas` are asked for.
    """
    faults: list[str] = []
    contexts = []

    def opened(query: str = "", *, formulas: bool = False, **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(120_000)  # milliseconds, for machines with much else to do
        page = contexts[-1].new_page()
        page.on(
            "request", lambda request: None if request.url.startswith("file:") else faults.append(request.url)
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        if not formulas:
            page.route("**/tex-chtml-full.js*", lambda route: route.fulfill(body=""))
        page.goto(address + query)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def settled(page: Page, query: str) -> SimpleNamespace:
    """Wait until the page shows what the address `query` asks for; return what it has drawn."""
    page.wait_for_function(
        "query => document.getElementById('flow-explorer').dataset.settled === query",
        arg=query or "start",
        polling=50,
    )
    return view(page)


def view(page: Page) -> SimpleNamespace:
    """What the page has drawn just now."""
    text = page.evaluate(
        """() => JSON.stringify(opgd.explorer.view, (key, value) =>
            ArrayBuffer.isView(value) ? Array.from(value) : value)"""
    )
    return SimpleNamespace(**json.loads(text))


def in_opgd(parameters: dict[str, float]) -> tuple[PowerLaw, OverParameterizedFlow]:
    """The same problem and flow in Python."""
    given = SimpleNamespace(**parameters)
    problem = PowerLaw(given.p, given.q, given.gamma, given.n, given.N)
    return problem, OverParameterizedFlow(
        given.D, given.b0 * problem.epsilon ** (1 / (given.D + 2)), tolerance=1e-11
    )


def assert_drawn_as_opgd_says(page: Page, drawn: SimpleNamespace) -> None:
    """The curve of the trial, its picture and the axis beside it agree with the risk that opgd gives."""
    problem, flow = in_opgd(drawn.parameters)
    model = problem.truncated()
    estimate = flow.estimate(drawn.z, model.eigenvalues, drawn.times)
    risk = np.sum((estimate - model.signal) ** 2, axis=1)
    np.testing.assert_allclose(drawn.trial, risk, rtol=1e-9)
    path = page.locator("#explorer-risk path.deep.thin").get_attribute("d") or ""
    x, y = np.array(re.findall(r"([\d.]+),([\d.]+)", path), float).T
    ticks = page.locator("#explorer-risk .axes text[text-anchor=end]").evaluate_all(
        "texts => texts.map(text => [text.textContent, Number(text.getAttribute('y'))])"
    )
    levels, places = zip(
        *((math.log(float(text.replace(",", ""))), place) for text, place in ticks), strict=True
    )
    assert len(levels) >= 2
    scale = np.polynomial.Polynomial.fit(levels, places, 1)
    np.testing.assert_allclose(y, scale(np.log(risk)), atol=0.2)  # pixels
    assert (np.diff(x) > 0).all()


@pytest.mark.parametrize("depth", DEPTHS)
def test_flows_agree_with_opgd_in_every_layer(bare: Page, depth: int) -> None:
    rng = np.random.default_rng(depth)
    times = np.r_[0, np.geomspace(1e-9, 1e9, 73)]
    for b0 in (0.05, 0.4, 2.0):
        z = np.r_[0, 1e-300, 1e-30, 1e-9, 3.0, 10 ** rng.uniform(-5, 0.5, 35)] * rng.choice([-1, 1], 40)
        lam = np.r_[1, 10 ** rng.uniform(-16, 0, 39)]
        got = bare.evaluate(
            """([depth, b0, z, lambda, times]) => z.map((one, i) => {
                const state = opgd.flow.state(depth, b0, one, lambda[i], times);
                return ["theta", "a", "b", "beta"].map((layer) => Array.from(state[layer]));
            })""",
            [depth, b0, z.tolist(), lam.tolist(), times.tolist()],
        )
        state = OverParameterizedFlow(depth, b0, tolerance=1e-11).state(z, lam, times)
        for layer, name in enumerate(("theta", "a", "b", "beta")):
            expected = getattr(state, name)
            found = np.array(got)[:, layer].T
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-300, err_msg=name)


def test_vanilla_flow_agrees_with_opgd(bare: Page) -> None:
    z, lam, times = [0.0, -1e-9, 2.0], [1.0, 1e-12, 1e-3], [0.0, 1e-9, 1.0, 1e6, 1e20]
    got = bare.evaluate(
        """([z, lambda, times]) => z.map((one, i) => {
            const path = { theta: new Float64Array(times.length) };
            opgd.flow.vanilla(one, lambda[i], times, path);
            return Array.from(path.theta);
        })""",
        [z, lam, times],
    )
    np.testing.assert_allclose(np.transpose(got), VanillaFlow().estimate(z, lam, times), rtol=1e-14)


@pytest.mark.parametrize(("p", "gamma", "n"), [(1.0, 2.0, 3000.0), (0.2, 0.6, 100.0), (4.0, 4.0, 1e6)])
def test_problems_are_those_of_opgd_at_every_stop_of_the_slider_of_q(
    bare: Page, p: float, gamma: float, n: float
) -> None:
    stops = np.arange(1, 3.001, 0.05).round(2).tolist()
    problems = [{"p": p, "q": q, "gamma": gamma, "n": n, "size": 2000} for q in stops]
    found = bare.evaluate(
        """problems => problems.map((given) => {
            const { signal, eigenvalues, epsilon } = opgd.problem.powerLaw(given);
            const positions = Array.from(signal.keys()).filter((index) => signal[index]);
            const some = [0, 1, 100, 1999].map((index) => eigenvalues[index]);
            return [positions, positions.map((index) => signal[index]), some, epsilon];
        })""",
        problems,
    )
    for given, (positions, signal, eigenvalues, epsilon) in zip(problems, found, strict=True):
        model = PowerLaw(**given).truncated()
        assert positions == np.flatnonzero(model.signal).tolist(), given
        np.testing.assert_allclose(signal, model.signal[positions], rtol=1e-14)
        np.testing.assert_allclose(eigenvalues, model.eigenvalues[[0, 1, 100, 1999]], rtol=1e-14)
        assert epsilon == pytest.approx(model.epsilon, rel=1e-15)


def sfc32(seed: int, trial: int) -> Iterator[int]:
    """The generator as its author publishes it, written once more."""
    mask = 2**32 - 1
    a, b, c, counter = seed, trial, 0, 1
    while True:
        result = (a + b + counter) & mask
        counter = (counter + 1) & mask
        a, b, c = b ^ (b >> 9), (c + (c << 3)) & mask, ((c << 21 | c >> 11) + result) & mask
        yield result


def test_noise_is_that_of_the_generator_named_on_the_page(bare: Page) -> None:
    seed, trial, size = 7, 3, 20_001
    numbers = bare.evaluate("given => Array.from(opgd.problem.normals(...given))", [seed, trial, size])
    bits = sfc32(seed, trial)
    for _ in range(15):
        next(bits)
    pairs = []
    for _ in range(50):
        first, second = (((next(bits) >> 5) * 2**26 + (next(bits) >> 6)) / 2**53 for _ in range(2))
        radius = math.sqrt(-2 * math.log(1 - first))
        pairs += [radius * math.cos(2 * math.pi * second), radius * math.sin(2 * math.pi * second)]
    np.testing.assert_allclose(numbers[:100], pairs, rtol=1e-12)
    assert kstest(numbers, "norm").pvalue > 0.01
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / math.sqrt(size)
    shorter = bare.evaluate("given => Array.from(opgd.problem.normals(...given))", [seed, trial, 501])
    assert shorter == numbers[:501]  # paired over the sizes
    other = bare.evaluate("given => Array.from(opgd.problem.normals(...given))", [seed, trial + 1, size])
    assert abs(np.corrcoef(numbers, other)[0, 1]) < 4 / math.sqrt(size)


def settings(count: int) -> Iterator[dict[str, float]]:
    """Settings over the whole range of the sliders; many under the profile for long tests."""
    rng = np.random.default_rng(21)
    for _ in range(500 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else count):
        size = int(10 ** rng.uniform(math.log10(200), 4))
        yield {
            "p": rng.uniform(0.2, 4), "q": rng.uniform(1, 3), "gamma": rng.uniform(0.6, 4),
            "n": 10 ** rng.uniform(2, 6), "size": size, "D": int(rng.integers(0, 5)),
            "b0": 10 ** rng.uniform(-0.6, 0.6), "seed": int(rng.integers(100)),
        }  # fmt: skip


KNOWN_WRONG = (
    {"p": 2, "q": 2, "gamma": 0.8, "n": 2000, "size": 1000, "D": 4, "b0": 0.416, "seed": 0},
    {"p": 0.2, "q": 3, "gamma": 4, "n": 1e6, "size": 10000, "D": 4, "b0": 0.25, "seed": 0},
)
"""An edge of the scan was called its minimum; a parabola went below a cliff."""
LEAST = """given => {
    const { powerLaw, universalTime, vanillaTime, leastVanilla, plain, atOnce, scan, search } = opgd.problem;
    const problem = powerLaw(given);
    const b0 = given.b0 * problem.epsilon ** (1 / (given.D + 2));
    const universal = universalTime(problem, given.D, b0);
    const [low, high] = [universal / 100, universal * 100];
    const slow = leastVanilla(problem, low, Math.max(high, 10 * vanillaTime(problem, given))).least;
    if (given.trials === 0) return { slow };
    const flow = (z, lambda, times, path) => opgd.flow.overParameterized(given.D, b0, z, lambda, times, path);
    const data = Array.from({ length: given.trials }, (_, trial) =>
        opgd.problem.observe(problem, opgd.problem.normals(given.seed, trial, given.size)));
    const risks = (times) => data.map((z) => opgd.problem.risk(flow, problem, z, times));
    const mean = plain((times) => {
        const all = risks(times);
        return times.map((_, i) => all.reduce((sum, one) => sum + one[i], 0) / all.length);
    });
    const fast = atOnce(search(mean, atOnce(scan(mean, low, high)), 2));
    return { slow, fast, there: risks([fast.t]).map((one) => one[0]) };
}"""


def test_the_smallest_vanilla_risk_is_that_of_opgd(bare: Page) -> None:
    for given in (*KNOWN_WRONG, *settings(100)):
        slow = bare.evaluate(LEAST, given | {"trials": 0})["slow"]
        best = oracle_stopping(VanillaFlow(), in_opgd(given | {"N": given["size"]})[0])
        assert slow["risk"] == pytest.approx(best.risk, rel=1e-6) and slow["inside"], given


def test_the_smallest_risk_of_trained_weights_is_that_of_opgd_within_its_error(bare: Page) -> None:
    for given in (KNOWN_WRONG[0], *settings(2)):
        found = bare.evaluate(LEAST, given | {"trials": 16})
        fast, there = found["fast"], np.array(found["there"])
        problem, flow = in_opgd(given | {"N": given["size"]})
        assert fast["inside"] and fast["risk"] == pytest.approx(there.mean(), rel=1e-9), given
        best = oracle_stopping(flow, problem)
        exact = expected_risk(flow, problem, [fast["t"]])
        # 16 trials choose the time: it may be a little off, and its risk a little low
        error = float(exact.std[0]) / 4
        assert abs(fast["risk"] - exact.mean[0]) < 5 * error, given
        assert best.risk * (1 - 1e-7) <= exact.mean[0] < best.risk + 5 * error, given


def test_valleys_of_a_curve(bare: Page) -> None:
    """Two valleys, of which the deeper is narrow; a curve that falls for ever; one that is flat."""
    given = """([kind, low, high]) => {
        const { plain, atOnce, scan, search } = opgd.problem;
        const curves = {
            two: (t) => 1 + (Math.log(t) - 3) ** 2 - 15 * Math.exp(-(((Math.log(t) + 1) / 0.4) ** 2) / 2),
            falls: (t) => 1 + 1 / t,
            flat: () => 1,
        };
        const evaluate = plain((times) => times.map(curves[kind]));
        return atOnce(search(evaluate, atOnce(scan(evaluate, low, high)), 3));
    }"""
    two = bare.evaluate(given, ["two", 0.01, 10])
    t = np.geomspace(0.01, 100, 2_000_001)
    curve = 1 + (np.log(t) - 3) ** 2 - 15 * np.exp(-(((np.log(t) + 1) / 0.4) ** 2) / 2)
    assert two["inside"] and two["risk"] == pytest.approx(curve.min(), rel=1e-6)
    assert two["t"] == pytest.approx(t[curve.argmin()], rel=1e-3)
    assert not bare.evaluate(given, ["falls", 0.01, 10])["inside"]
    flat = bare.evaluate(given, ["flat", 0.01, 10])
    assert flat["risk"] == 1 and not flat["inside"]


@pytest.mark.parametrize(
    "query", ["", "?q=1.5&gamma=1.1&n=500&seed=3&D=0", "?p=0.5&gamma=3&n=20000&D=3&b0=0.5"]
)
def test_curves_are_the_risks_that_opgd_computes(explorer: Any, query: str) -> None:
    page = explorer(query)
    drawn = settled(page, query)
    problem, flow = in_opgd(drawn.parameters)
    assert_drawn_as_opgd_says(page, drawn)
    assert drawn.universal == pytest.approx(1 / (problem.epsilon * flow.b0**flow.depth), rel=1e-12)
    for i in (0, 20, 40, 63):
        assert drawn.vanilla[i] == pytest.approx(vanilla_risk(problem, drawn.vanillaTimes[i]), rel=1e-10)
    exact = expected_risk(flow, problem, drawn.times[::7])
    assert drawn.trials == 16 and drawn.fast["risk"] <= min(drawn.mean)
    assert 0.2 < drawn.fast["error"] / (expected_risk(flow, problem, [drawn.fast["t"]]).std[0] / 4) < 3
    deviations = (np.array(drawn.mean[::7]) - exact.mean) / (exact.std / 4)
    assert np.abs(deviations).max() < 4
    index = np.array(drawn.learned["index"])
    state = flow.state(np.array(drawn.z)[index - 1], index**-problem.gamma, drawn.t)
    np.testing.assert_allclose(drawn.learned["now"], state.learned_eigenvalue, rtol=1e-9)


def test_a_slider_moves_the_curve_by_keyboard_and_by_mouse(explorer: Any) -> None:
    page = explorer()
    first = settled(page, "")
    page.focus("#explorer-q")
    page.keyboard.press("ArrowRight")
    second = settled(page, "?q=2.05")
    assert second.parameters["q"] == 2.05 and second.trial != first.trial
    assert_drawn_as_opgd_says(page, second)
    box = page.locator("#explorer-D").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.27, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.74, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    third = settled(page, "?q=2.05&D=3")
    assert_drawn_as_opgd_says(page, third)
    assert page.locator("#explorer-D").get_attribute("aria-valuetext") == "3"
    assert "D = 3, mean of 16 trials" in page.inner_text(".explorer-summary")
    assert page.evaluate("performance.getEntriesByName('explorer redraw')[0].duration") > 0
    page.click("#explorer-reset")
    assert settled(page, "").trial == first.trial
    assert "?" not in page.url


def test_every_control_has_a_name_and_every_picture_words(explorer: Any) -> None:
    page = explorer()
    settled(page, "")
    for slider in page.locator("#flow-explorer input").all():
        name = slider.get_attribute("id")
        assert page.locator(f"label[for={name}]").inner_text().strip()
        assert slider.get_attribute("aria-valuetext")
        slider.focus()
        outline = slider.evaluate("slider => getComputedStyle(slider).outlineStyle")
        page.keyboard.press("Tab")
        assert outline != "none" or page.evaluate("document.activeElement.matches(':focus-visible')")
    for picture in page.locator("#flow-explorer figure > svg").all():
        assert picture.get_attribute("role") == "img"
        assert len(picture.get_attribute("aria-label") or "") > 60


def test_the_address_holds_the_view(explorer: Any) -> None:
    query = "?p=0.55&q=1.2&gamma=1.3&n=12345&N=400&seed=8&D=2&b0=1.7&t=0.35&j=400"
    page = explorer(query)
    first = settled(page, query)
    asked = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", query)}
    assert first.parameters == asked
    page.focus("#explorer-seed")
    page.keyboard.press("ArrowLeft")
    settled(page, query.replace("seed=8", "seed=7"))
    assert page.url.endswith(query.replace("seed=8", "seed=7"))
    second = view(page)
    page.reload()
    restored = settled(page, query.replace("seed=8", "seed=7"))
    assert (restored.parameters, restored.mean) == (second.parameters, second.mean)


def test_values_that_are_not_allowed_are_named_and_the_others_kept(explorer: Any) -> None:
    page = explorer("?q=0.5&n=many&D=1.5&p=2&gamma=NaN&seed=&j=5000&N=3000&<b>=1")
    drawn = settled(page, "?p=2&N=3000")
    told = page.inner_text(".explorer-refused")
    for sentence in (
        "q = 0.5 is not allowed: it must be a number from 1 to 3. Using 2.",
        "n = many is not allowed: it must be a number from 100 to 1000000. Using 3000.",
        "D = 1.5 is not allowed: it must be a whole number from 0 to 4. Using 1.",
        "gamma = NaN is not allowed: it must be a number from 0.6 to 4. Using 2.",
        "seed =  is not allowed",
        "j = 5000 is not allowed: it must be a whole number from 1 to 3000. Using 144.",
        "There is no parameter <b>: the parameters are p, q, gamma, n, N, seed, D, b0, t, j.",
    ):
        assert " ".join(sentence.split()) in " ".join(told.split())
    assert "p = 2" not in told
    assert drawn.parameters["q"] == 2 and drawn.parameters["p"] == 2


def test_links_to_views_and_the_way_back(explorer: Any) -> None:
    page = explorer()
    settled(page, "")
    page.evaluate("window.stayed = true")
    links = page.locator('a[href^="explorer.html?"]')
    queries = [(link.get_attribute("href") or "").removeprefix("explorer.html") for link in links.all()]
    assert len(queries) >= 5
    for query in queries:
        parsed = page.evaluate("query => opgd.explorer.parse(query)", query)
        assert parsed["refused"] == [] and page.evaluate("v => opgd.explorer.query(v)", parsed["values"])
    links.first.click()
    assert settled(page, queries[0]).parameters["q"] == 1
    page.go_back()
    assert settled(page, "").parameters["q"] == 2
    assert page.evaluate("window.stayed")


def test_time_plays_pauses_and_steps(explorer: Any) -> None:
    page = explorer("?t=0.5")
    learned = settled(page, "?t=0.5").learned["now"]
    page.click("#explorer-play")
    page.wait_for_function("opgd.explorer.view.parameters.t < 0.3")  # it starts early
    page.wait_for_function("opgd.explorer.view.parameters.t > 0.6")
    assert page.inner_text("#explorer-play") == "Pause"
    page.click("#explorer-play")
    page.wait_for_timeout(50)
    paused = view(page)
    assert paused.parameters["t"] > 0.6 and page.inner_text("#explorer-play") == "Play"
    assert (np.array(paused.learned["now"]) >= np.array(learned) * (1 - 1e-9)).all()
    before = paused.parameters["t"]
    page.click("#explorer-forward")
    after = view(page).parameters["t"]
    assert after == pytest.approx(before * 10**0.05, rel=0.01)
    page.click("#explorer-back")
    assert view(page).parameters["t"] == pytest.approx(before, rel=0.01)
    page.click("#explorer-play")  # anew, to the end
    settled(page, "?t=5")
    assert page.inner_text("#explorer-play") == "Play"


def test_who_asks_for_less_motion_gets_steps_only(explorer: Any) -> None:
    page = explorer("?t=90", reduced_motion="reduce")
    settled(page, "?t=90")
    assert not page.is_visible("#explorer-play")
    for _ in range(3):
        page.click("#explorer-forward")
    settled(page, "?t=100")
    assert (
        page.evaluate("document.getElementById('flow-explorer').getAnimations({subtree: true}).length") == 0
    )


def test_a_click_on_the_picture_chooses_the_component(explorer: Any) -> None:
    page = explorer()
    settled(page, "")
    picture = page.locator("#explorer-learned")
    picture.scroll_into_view_if_needed()
    dot = page.locator("#explorer-learned circle").bounding_box()
    box = picture.bounding_box()
    page.mouse.click(dot["x"] + dot["width"] / 2, box["y"] + box["height"] / 2)
    assert view(page).parameters["j"] == 144
    page.mouse.click(dot["x"] + dot["width"] / 2 + 60, box["y"] + box["height"] / 2)
    page.wait_for_function("opgd.explorer.view.parameters.j > 150")
    page.wait_for_function(
        """() => document.querySelector("output[for=explorer-j]").textContent.startsWith(
            `${opgd.explorer.view.parameters.j} (`)"""
    )


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_narrow_screens_and_both_themes(explorer: Any, mode: str) -> None:
    size = {"width": 375, "height": 812}
    page = explorer("?n=900", formulas=True, color_scheme=mode, viewport=size)
    settled(page, "?n=900")
    page.wait_for_selector("mjx-container")
    assert page.evaluate("document.documentElement.dataset.theme") == mode
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    contrast = """element => {
        const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => linear(v / 255));
            return 0.05 + 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ink = getComputedStyle(element);
        const one = light(element.tagName === "text" ? ink.fill : ink.stroke);
        const other = light(getComputedStyle(document.body).backgroundColor);
        return Math.max(one / other, other / one);
    }"""
    for selector, least in {
        "#explorer-risk text": 4.5,
        "#explorer-risk path.vanilla": 3,
        "#explorer-risk path.deep": 3,
        "#explorer-phase path.layer": 3,
        "#explorer-learned line.signal": 4.5,
        "#explorer-learned path.initial": 3,
    }.items():
        assert page.locator(selector).first.evaluate(contrast) >= least, selector
    for text in page.locator("#flow-explorer svg .axes text").all():  # nothing cut off
        box = text.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 375


@pytest.mark.parametrize("width", [1280, 375])
def test_the_page_does_not_move_while_it_computes(explorer: Any, width: int) -> None:
    page = explorer("?N=200", viewport={"width": width, "height": 900})
    settled(page, "?N=200")
    places = (
        "Array.from(document.querySelectorAll('#flow-explorer > *'), (x) => [x.offsetTop, x.offsetHeight])"
    )
    before = page.evaluate(places)
    for end in ("low", "high"):  # all sliders at an end, one after the other
        for name in ("p", "q", "gamma", "n", "seed", "D", "b0", "t", "j"):
            page.focus(f"#explorer-{name}")
            page.keyboard.press("Home" if end == "low" else "End")
            page.wait_for_function(
                """([name, end]) => {
                    const { parameters } = opgd.explorer.view;
                    const entry = opgd.explorer.PARAMETERS.find((one) => one.name === name);
                    const value = end === "high" && name === "j" ? parameters.N : entry[end];
                    const shown = document.getElementById(`explorer-${name}`).getAttribute("aria-valuetext");
                    return parameters[name] === value && shown;
                }""",
                arg=[name, end],
            )
        page.wait_for_function("opgd.explorer.view.trials === 16")
        assert page.evaluate(places) == before, end


def test_the_page_settles_after_a_change_of_its_size_and_without_frames(explorer: Any) -> None:
    page = explorer("?N=200")
    first = settled(page, "?N=200")
    page.set_viewport_size({"width": 600, "height": 900})
    page.wait_for_timeout(100)
    assert settled(page, "?N=200").mean == first.mean
    page.evaluate("window.requestAnimationFrame = () => 1")  # as in a page that is hidden
    page.focus("#explorer-q")
    page.keyboard.press("ArrowRight")
    assert settled(page, "?q=2.05&N=200").trials == 16


def test_without_javascript_the_page_says_so(explorer: Any) -> None:
    page = explorer(java_script_enabled=False)
    assert "need JavaScript" in page.inner_text("#flow-explorer")
    assert page.locator("#flow-explorer input").count() == 0


def test_the_chapter_starts_where_the_sliders_do(explorer: Any) -> None:
    page = explorer()
    starts = {entry["name"]: entry["start"] for entry in page.evaluate("opgd.explorer.PARAMETERS")}
    chapter = {name: parameter.default for name, parameter in read_parameters(SOURCE).items()}
    names = {"N": "size", "D": "depth", "b0": "b0_constant"}
    for name in ("p", "q", "gamma", "n", "N", "seed", "D", "b0"):
        assert chapter[names.get(name, name)] == starts[name], name
    low, high = chapter["window"]
    assert low <= starts["j"] <= high
