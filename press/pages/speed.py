"""The page *How fast, how tough*: tables from the report that `make bench` writes; nothing is timed here."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from opgd.paper import reported
from press.evidence.measurements import COMMITTED, Row, part, races, read_report, slower
from press.pages.growth import describe, exponents

__all__ = ["NOT_MEASURED", "SpeedPage", "setup"]

NOT_MEASURED = "Not measured in this copy."
REASONS: Mapping[str, str] = {
    "np.exp": "no rival, but the least that a formula with an exponential costs; checks of the arguments and "
    "a pass over memory for each operation of the closed form come on top",
}
"""Why something is slower than what it is compared with."""


class SpeedPage(SphinxDirective):
    """`{speed}` with the part of the page as its argument."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def run(self) -> list[nodes.Node]:
        """Build a table, a list or a figure.

        Returns
        -------
        list of docutils.nodes.Node
        """
        wanted = self.arguments[0]
        if wanted not in PARTS:
            raise self.error(f"speed: {wanted!r}; allowed: {', '.join(PARTS)}")
        path = Path(self.env.srcdir) / COMMITTED
        self.env.note_dependency(str(path))
        if not path.is_file():
            return [nodes.paragraph(text=NOT_MEASURED)]
        found = PARTS[wanted](read_report(path))
        for number, node in enumerate(found.findall(lambda n: isinstance(n, nodes.table | nodes.figure)), 1):
            kind = "tab" if isinstance(node, nodes.table) else "fig"
            node["names"].append(f"{kind}-speed-{wanted}-{number}")
            self.state.document.note_explicit_target(node, node)
        return [found]


def _machine(report: Mapping[str, Any]) -> nodes.Node:
    rows = [[str(name), str(value)] for name, value in report["machine"].items()]
    for name, found in report["parts"].items():
        if "measured" in found:
            when = found["measured"][:16].replace("T", " ")
            rows.append([f"measured (UTC): {name}", f"{when}, load {found['load']:g}"])
    return _table("The machine, the versions, and when each part was measured.", ("What", "Value"), rows)


def _race_tables(report: Mapping[str, Any]) -> nodes.Node:
    box = nodes.container()
    header = ("Method", "CPU time", "Times opgd", "Wall time", "Worst error", "Memory, MiB", "Scaled")
    for race, rows in races(report).items():
        ours = next((row["cpu"] for row in rows if row["method"] == "opgd" and "cpu" in row), None)
        lines = []
        for row in rows:
            if "missing" in row:
                lines.append([row["method"], f"not installed: {row['missing']}", *[""] * 5])
                continue
            scaled = "" if row["scaled"] == 1 else f"× {row['scaled']:,.3g}"
            ratio = f"{row['cpu'] / ours:.3g}" if ours else ""
            error = row["error"] if row["steps_scaled"] == 1 else row["error"] / row["steps_scaled"]
            memory = f"{row['mib'] - row['mib_before']:.0f}" if row["scaled"] == 1 else ""
            lines.append(
                [row["method"], _time(row["cpu"]), ratio, _time(row["wall"]), f"{error:.0e}", memory, scaled]
            )
        reference = rows[0].get("reference", "a reference")
        caption = (
            f"{race[0].upper()}{race[1:]}: 100,000 components at 200 times, one core. Errors are relative, "
            f"of the worst component at the worst time, against {reference}. Scaled: the method ran on a "
            "part of the components, or with longer steps, and its times were multiplied."
        )
        box += _table(caption, header, lines)
    return box if len(box) else nodes.paragraph(text=NOT_MEASURED)


def _comparisons(report: Mapping[str, Any]) -> nodes.Node:
    header = ("What", "Time", "Against", "Its time", "Ratio")
    rows = [
        [r["what"], _time(r["seconds"]), r["against"], _time(r["other_seconds"]), f"{r['ratio']:.3g}"]
        for r in part(report, "comparisons")
    ]
    return _table("One call against another.", header, rows)


def _accuracy(report: Mapping[str, Any]) -> nodes.Node:
    header = (
        "Depth",
        "Relative accuracy",
        "Repetitions",
        "Step",
        "Descent, CPU time",
        "Exact, CPU time",
        "Ratio",
    )
    rows = [
        [
            *(str(r["depth"]), f"{100 * r['accuracy']:g} %", f"{r['repetitions']:,}", f"{r['step']:.2g}"),
            *(_time(r["seconds"]), _time(r["exact_seconds"]), f"{r['ratio']:.2g}"),
        ]
        for r in part(report, "accuracy")
    ]
    caption = (
        "The expected risk at 25 times up to twice the universal time, 10,000 components: "
        "simulated gradient descent at the accuracy in the second column, and the exact curve, "
        "whose error is at most 1e-6 in every row. Times of descent are extrapolated from 16 "
        "repetitions."
    )
    return _table(caption, header, rows)


def _exponents(report: Mapping[str, Any]) -> nodes.Node:
    header = (
        "Function",
        "Against",
        "From",
        "To",
        "Time at the end",
        "Exponent of time",
        "Memory at the end",
        "Exponent of memory",
    )
    rows = []
    for e in exponents(part(report, "growth")):
        ends = (f"{e.first:,}", f"{e.last:,}" + (f" ({e.left_out} beyond)" if e.left_out else ""))
        memory = "" if e.memory is None else f"{e.memory.slope:.2f} ± {e.memory.slope_stderr:.2f}"
        time = "" if e.time is None else f"{e.time.slope:.2f} ± {e.time.slope_stderr:.2f}"
        mib = f"{e.mib:,.0f} MiB" if e.mib >= 100 else f"{e.mib:.2g} MiB"
        rows.append([e.function, e.variable, *ends, _time(e.cpu), time, mib, memory])
    caption = (
        "Growth: slopes of the logarithms over the upper half of the range, with standard errors."
        " Memory is the most that the call holds at one time: its result counts, its arguments do not."
    )
    return _table(caption, header, rows)


def _figure(report: Mapping[str, Any]) -> nodes.Node:
    rows = part(report, "growth")
    if not rows:
        return nodes.paragraph(text=NOT_MEASURED)
    figure = nodes.figure("", nodes.image(uri="growth.png", alt=describe(rows)))
    caption = (
        "CPU time of one call against the number of components, left, and of times, right; p = 1,"
        " q = 2, γ = 1.5, n = 2000, depth 0, one thread. Both axes are logarithmic; the thin line"
        " has slope 1."
    )
    figure += nodes.caption(caption, caption)
    return figure


def _chapters(report: Mapping[str, Any]) -> nodes.Node:
    found = part(report, "chapters")
    rows = [[r["chapter"], f"{r['seconds']:.0f}", r["profile"]] for r in found]
    seconds = sum(r["seconds"] for r in found)
    hours = sum(r["seconds"] * r["processors"] for r in found) / 3600
    cores, day = reported.stated_cost()
    if rows:
        rows.append(["all", f"{seconds:.0f}", ""])
    caption = (
        "Every figure and table, end to end: seconds of each chapter, two chapters side by side. "
        f"All together are at most {hours:.2f} core hours; the authors state at most "
        f"{cores * day:,} ({cores} cores, at most {day} h)."
    )
    return _table(caption, ("Chapter", "Seconds", "Profile"), rows)


def _profile(report: Mapping[str, Any]) -> nodes.Node:
    rows = [
        [r["chapter"], r["function"], f"{100 * r['share']:.0f} %", _time(r["share"] * r["cpu"])]
        for r in part(report, "profile")
        if r["share"] >= 0.005
    ]
    caption = (
        "Where the time of the two slowest chapters goes. A sample counts for the innermost "
        "function of opgd; compiled kernels count for their caller."
    )
    return _table(caption, ("Chapter", "Function", "Share", "CPU time"), rows)


def _book(report: Mapping[str, Any]) -> nodes.Node:
    rows = [[r["what"], r["profile"], _time(r["wall"]), _time(r["cpu"])] for r in part(report, "book")]
    return _table("Building the book.", ("Build", "Profile", "Wall time", "CPU time"), rows)


def _faults(report: Mapping[str, Any]) -> nodes.Node:
    found = part(report, "faults")
    rows = [[r["kind"], f"{r['runs']}", _outcomes(r["outcomes"]), f"{r['lost']}"] for r in found]
    if rows:
        rows.append(["all", f"{sum(r['runs'] for r in found)}", "", f"{sum(r['lost'] for r in found)}"])
    return _table("Faults: kinds tried, runs, and results lost.", ("Kind", "Runs", "Outcome", "Lost"), rows)


def _outcomes(counts: Mapping[str, int]) -> str:
    return "; ".join(text if len(counts) == 1 else f"{text} ({n})" for text, n in counts.items())


def _mutation(report: Mapping[str, Any]) -> nodes.Node:
    found = part(report, "mutation")
    rows = [
        [
            r["module"],
            f"{r['mutants']}",
            f"{r['tried']}",
            f"{r['killed']}",
            _score(r),
            f"{len(r['survivors'])}",
        ]
        for r in found
    ]
    box = nodes.container()
    box += _table(
        "Mutants of the mathematics that the tests kill.",
        ("Module", "Mutants", "Tried", "Killed", "Score", "Survivors"),
        rows,
    )
    if any(r["survivors"] for r in found):
        text = "The mutants that survive, and why no test notices them, module by module:"
        box += nodes.paragraph(text=text)
    for r in found:
        box += _survivors(r)
    return box


def _survivors(row: Row) -> list[nodes.Node]:
    """List the survivors of a module, changes of one line together; in HTML it is folded."""
    changes: dict[tuple[str, ...], list[str]] = {}
    for s in row["survivors"]:
        what = (f"{row['module']}, {s['function']}", s["line"], s["reason"] or "not examined yet")
        changes.setdefault(what, []).append(s["change"])
    items = nodes.bullet_list()
    for (place, line, why), some in changes.items():
        to = nodes.literal(text=some[0]) if len(some) == 1 else nodes.Text(f"{len(some)} other lines")
        parts = [nodes.Text(f"{place}: "), nodes.literal(text=line), nodes.Text(" became "), to]
        items += nodes.list_item("", nodes.paragraph("", "", *parts, nodes.Text(f" ({why}).")))
    if not changes:
        return []
    title = html.escape(f"{row['module']}: {len(row['survivors'])}")
    head = f"<details><summary>{title}</summary>"
    return [nodes.raw("", head, format="html"), items, nodes.raw("", "</details>", format="html")]


def _score(row: Row) -> str:
    score, between = f"{100 * row['score']:.1f} %", row["interval"]
    if between is None:
        return score
    return f"{score} (95 % interval {100 * between[0]:.0f} to {100 * between[1]:.0f})"


def _coverage(report: Mapping[str, Any]) -> nodes.Node:
    found = part(report, "coverage")
    total = {name: sum(r[name] for r in found) for name in ("lines", "lines_run", "branches", "branches_run")}
    rows = [
        [
            r["package"],
            f"{r['lines']:,}",
            f"{r['branches']:,}",
            _share(r["lines_run"], r["lines"]),
            _share(r["branches_run"], r["branches"]),
        ]
        for r in ([*found, {"package": "all", **total}] if found else [])
    ]
    header = ("Package", "Statements", "Branches", "Statements run", "Branches run")
    return _table("Statements and branches that the tests reach, those in the browser aside.", header, rows)


def _share(some: int, of: int) -> str:
    return f"{100 * some / of:.1f} %" if of else ""


def _slower(report: Mapping[str, Any]) -> nodes.Node:
    found = slower(report)
    items = nodes.bullet_list()
    for against in dict.fromkeys(peer for _, peer, _ in found):
        what = "; ".join(f"{name}: {ratio:.2g} times" for name, peer, ratio in found if peer == against)
        why = REASONS.get(against, "no reason is known yet")
        text = nodes.paragraph("", "", nodes.strong(text=against), nodes.Text(f": {why}. ({what} its time.)"))
        items += nodes.list_item("", text)
    return items if len(items) else nodes.paragraph(text="Nothing that was measured.")


PARTS: Mapping[str, Callable[[Mapping[str, Any]], nodes.Node]] = {
    "machine": _machine,
    "races": _race_tables,
    "comparisons": _comparisons,
    "accuracy": _accuracy,
    "figure": _figure,
    "exponents": _exponents,
    "chapters": _chapters,
    "profile": _profile,
    "book": _book,
    "faults": _faults,
    "mutation": _mutation,
    "coverage": _coverage,
    "slower": _slower,
}


def _time(seconds: float) -> str:
    """Say a time in a unit that fits."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= (2 * size if size >= 60 else size):
            number = f"{seconds / size:.3g}" if seconds < 1000 * size else f"{seconds / size:,.0f}"
            return f"{number} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _table(caption: str, header: tuple[str, ...], rows: Sequence[Sequence[str]]) -> nodes.Node:
    if not rows:
        return nodes.paragraph(text=NOT_MEASURED)
    table = nodes.table("", nodes.title(text=caption), classes=["ledger"])
    group = nodes.tgroup(cols=len(header))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in header]
    lines = [
        nodes.row("", *(nodes.entry("", nodes.paragraph(text=text), classes=_kind(text)) for text in row))
        for row in (header, *rows)
    ]
    group += nodes.thead("", lines[0])
    group += nodes.tbody("", *lines[1:])
    return nodes.container("", table, classes=["ledger-scroll"])


def _kind(text: str) -> list[str]:
    return ["number"] if text[:1].isdigit() and "(" not in text else []


def setup(app: Sphinx) -> None:
    """Register the directive.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.
    """
    app.add_directive("speed", SpeedPage)
