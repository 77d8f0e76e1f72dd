"""The page *How fast, how tough*: tables from the report that `make bench` writes; nothing is timed here."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from press.evidence.growth import exponents
from press.evidence.measurements import Row, part, races, slower
from press.pages.markup import code, escape, figure, table
from press.pages.pictures import describe_growth
from press.run import reported

__all__ = ["NOT_MEASURED", "PARTS"]

Report = Mapping[str, Any]
PICTURE = "growth.png"
NOT_MEASURED = "Not measured in this copy.\n"
REASONS: Mapping[str, str] = {
    "np.exp": "no rival, but the least that a formula with an exponential costs; checks of the arguments and "
    "a pass over memory for each operation of the closed form come on top",
}
"""Why something is slower than what it is compared with."""


def _machine(report: Report) -> str:
    rows = [[str(name), str(value)] for name, value in report["machine"].items()]
    for name, found in report["parts"].items():
        if "measured" in found:
            when = found["measured"][:16].replace("T", " ")
            rows.append([f"measured (UTC): {name}", f"{when}, load {found['load']:g}"])
    caption = "The machine, the versions, and when each part was measured."
    return _table("machine", caption, ("What", "Value"), rows)


def _race_tables(report: Report) -> str:
    boxes = []
    header = ("Method", "CPU time", "Times opgd", "Wall time", "Worst error", "Memory, MiB", "Scaled")
    for number, (race, rows) in enumerate(races(report).items(), 1):
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
        boxes.append(_table("races", caption, header, lines, number))
    return "\n".join(boxes) or NOT_MEASURED


def _comparisons(report: Report) -> str:
    header = ("What", "Time", "Against", "Its time", "Ratio")
    rows = [
        [r["what"], _time(r["seconds"]), r["against"], _time(r["other_seconds"]), f"{r['ratio']:.3g}"]
        for r in part(report, "comparisons")
    ]
    return _table("comparisons", "One call against another.", header, rows)


def _accuracy(report: Report) -> str:
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
    return _table("accuracy", caption, header, rows)


def _exponents(report: Report) -> str:
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
    return _table("exponents", caption, header, rows)


def _figure(report: Report) -> str:
    rows = part(report, "growth")
    caption = (
        "CPU time of one call against the number of components, left, and of times, right; p = 1,"
        " q = 2, γ = 1.5, n = 2000, depth 0, one thread. Both axes are logarithmic; the thin line"
        " has slope 1."
    )
    if not rows:
        return NOT_MEASURED
    return figure(PICTURE, "fig-speed-figure-1", describe_growth(rows), escape(caption))


def _chapters(report: Report) -> str:
    found = part(report, "chapters")
    rows = [[r["chapter"], f"{r['seconds']:.0f}", r["profile"]] for r in found]
    seconds = sum(r["seconds"] for r in found)
    hours = sum(r["seconds"] * r["processors"] for r in found) / 3600
    if rows:
        rows.append(["all", f"{seconds:.0f}", ""])
    caption = (
        "Every figure and table, end to end: seconds of each chapter, two chapters side by side. "
        f"All together are at most {hours:.2f} core hours"
    )
    if stated := reported.stated_cost():
        cores, day = stated
        caption += f"; the authors state at most {cores * day:,} ({cores} cores, at most {day} h)"
    return _table("chapters", f"{caption}.", ("Chapter", "Seconds", "Profile"), rows)


def _profile(report: Report) -> str:
    rows = [
        [r["chapter"], r["function"], f"{100 * r['share']:.0f} %", _time(r["share"] * r["cpu"])]
        for r in part(report, "profile")
        if r["share"] >= 0.005
    ]
    caption = (
        "Where the time of the two slowest chapters goes. A sample counts for the innermost "
        "function of opgd; compiled kernels count for their caller."
    )
    return _table("profile", caption, ("Chapter", "Function", "Share", "CPU time"), rows)


def _book(report: Report) -> str:
    rows = [[r["what"], r["profile"], _time(r["wall"]), _time(r["cpu"])] for r in part(report, "book")]
    return _table("book", "Building the book.", ("Build", "Profile", "Wall time", "CPU time"), rows)


def _faults(report: Report) -> str:
    found = part(report, "faults")
    rows = [[r["kind"], f"{r['runs']}", _outcomes(r["outcomes"]), f"{r['lost']}"] for r in found]
    if rows:
        rows.append(["all", f"{sum(r['runs'] for r in found)}", "", f"{sum(r['lost'] for r in found)}"])
    header = ("Kind", "Runs", "Outcome", "Lost")
    return _table("faults", "Faults: kinds tried, runs, and results lost.", header, rows)


def _outcomes(counts: Mapping[str, int]) -> str:
    return "; ".join(text if len(counts) == 1 else f"{text} ({n})" for text, n in counts.items())


def _mutation(report: Report) -> str:
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
    header = ("Module", "Mutants", "Tried", "Killed", "Score", "Survivors")
    box = _table("mutation", "Mutants of the mathematics that the tests kill.", header, rows)
    if not any(r["survivors"] for r in found):
        return box
    text = "The mutants that survive, and why no test notices them, module by module:\n"
    return "\n".join([box, text, *map(_survivors, found)])


def _survivors(row: Row) -> str:
    """List the survivors of a module, changes of one line together; in HTML it is folded."""
    changes: dict[tuple[str, ...], list[str]] = {}
    for s in row["survivors"]:
        what = (f"{row['module']}, {s['function']}", s["line"], s["reason"] or "not examined yet")
        changes.setdefault(what, []).append(s["change"])
    if not changes:
        return ""
    items = []
    for (place, line, why), some in changes.items():
        to = code(some[0]) if len(some) == 1 else f"{len(some)} other lines"
        items.append(f"- {escape(place)}: {code(line)} became {to} ({escape(why)}).")
    title = html.escape(f"{row['module']}: {len(row['survivors'])}")
    return "\n".join([f"<details><summary>{title}</summary>", "", *items, "", "</details>", ""])


def _score(row: Row) -> str:
    score, between = f"{100 * row['score']:.1f} %", row["interval"]
    if between is None:
        return score
    return f"{score} (95 % interval {100 * between[0]:.0f} to {100 * between[1]:.0f})"


def _coverage(report: Report) -> str:
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
    caption = "Statements and branches that the tests reach, those in the browser aside."
    return _table("coverage", caption, header, rows)


def _share(some: int, of: int) -> str:
    return f"{100 * some / of:.1f} %" if of else ""


def _slower(report: Report) -> str:
    found = slower(report)
    items = []
    for against in dict.fromkeys(peer for _, peer, _ in found):
        what = "; ".join(f"{name}: {ratio:.2g} times" for name, peer, ratio in found if peer == against)
        why = REASONS.get(against, "no reason is known yet")
        items.append(f"- **{escape(against)}**{escape(f': {why}. ({what} its time.)')}")
    return "\n".join([*items, ""]) if items else "Nothing that was measured.\n"


PARTS: Mapping[str, Callable[[Report], str]] = {
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


def _table(
    wanted: str, caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], number: int = 1
) -> str:
    if not rows:
        return NOT_MEASURED
    lines = [list(map(escape, row)) for row in rows]
    return table(header, lines, caption=escape(caption), name=f"tab-speed-{wanted}-{number}")
