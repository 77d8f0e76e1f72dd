"""The page *What was reproduced*, and the checks of its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from press.chapter.record import LIMIT, Row, largest_distance
from press.evidence.ledger import tally
from press.evidence.sources import anchor, in_words
from press.pages import pictures
from press.pages.markup import code, escape, figure, link, listing, table, words
from press.run import reported

__all__ = ["checks", "counts", "numbers", "picture"]

Places = Mapping[str, tuple[str, str]]
"""For an item of the paper: the chapter that recomputes it, and the name of its figure or table there."""
PICTURE = "ledger.png"
NOTHING = "No number has been recorded yet.\n"
HEADER = ("Item", "Number", "Printed", "Ours", "Spread", "z", "Distance", "Verdict", "Where and check")
MEANING = {
    "match": f"within {LIMIT:g} standard deviations of the printed number, or a pair within a squared "
    f"distance of {largest_distance(2):.1f}",
    "explained": "differs, and we can say why",
    "unreproduced": "differs, and we cannot say why",
}


def counts(rows: Sequence[Row], places: Places) -> str:
    """How many numbers have each verdict, in all and for each item; which have been left out."""
    found = tally(rows)
    verdicts = [
        f"- **{name}: {found[name]}** of {len(rows)}, {found[f'predictions-{name}']} of "
        f"{found['predictions']} predictions ({meaning})"
        for name, meaning in MEANING.items()
    ]
    header = ("Item", "Numbers", *MEANING, "Recomputed in")
    lines = []
    for item in sorted({row["item"] for row in rows}):
        own = [row for row in rows if row["item"] == item]
        each = Counter(row["verdict"] for row in own)
        numbers = [str(len(own)), *(str(each[verdict]) for verdict in MEANING)]
        lines.append([escape(item), *numbers, _where(own[0], places)])
    return "\n".join([*verdicts, "", table(header, lines, numbers=header[1:-1]), _left_out(rows)])


def numbers(rows: Sequence[Row], places: Places, *, linked: bool) -> str:
    """The complete table; with `linked`, each row leads to the source of its check."""
    if not rows:
        return NOTHING
    lines = []
    for row in rows:
        printed = str(reported.lookup(row["item"], row["cell"]))
        values = [printed, _number(row["ours"], ".4f"), f"{row['sd']:.2g}", _number(row["z"], "+.2f")]
        values.append(f"{row['distance']:.1f}")
        kind = "" if row["kind"] == "prediction" else f" ({row['kind']})"
        verdict = f"**{row['verdict']}**{kind}" + escape(f": {row['why']}" if row["why"] else "")
        proof = f"{_where(row, places)}, {_check(row['check'], linked)}"
        lines.append([*map(escape, [row["item"], row["cell"], *values]), verdict, proof])
    return table(
        HEADER,
        lines,
        classes="ledger ledger-numbers filterable",
        numbers=("Printed", "Ours", "Spread", "z", "Distance"),
        choices=("Item", "Verdict"),
    )


def picture(rows: Sequence[Row], caption: str) -> str:
    """The picture of all numbers; nothing if there are none."""
    return figure(PICTURE, "fig-ledger-summary", pictures.describe_ledger(rows), caption) if rows else ""


def checks(rows: Sequence[Row], sources: Mapping[str, str], level: int) -> str:
    """The source of every test that guards a number: a section each, at a level of headings."""
    sections = []
    for node, source in sources.items():
        title = in_words(node.rpartition("::")[2])
        guarded = Counter(row["item"] for row in rows if row["check"] == node)
        told = "; ".join(f"{item}: {n} number{'s' if n > 1 else ''}" for item, n in guarded.items())
        sections.append(
            f"({anchor(node)})=\n{'#' * level} {escape(title[:1].upper() + title[1:])}\n\n"
            f"{escape(told)}. From {code(node)}:\n\n{listing(source)}"
        )
    return "\n".join(sections) or NOTHING


def _left_out(rows: Sequence[Row]) -> str:
    """Say which printed numbers no chapter has recorded."""
    recorded = {(row["item"], row["cell"]) for row in rows}
    lacking = {
        item: sum((item, cell) not in recorded for cell in reported.cells(item)) for item in reported.items()
    }
    told = ", ".join(f"{item} ({count})" for item, count in lacking.items() if count)
    if not told:
        return "No printed number is left out.\n"
    return f"Printed, but not recomputed by any chapter: {escape(told)}.\n"


def _number(value: float, form: str) -> str:
    """A number as text; what rounds to zero has no sign."""
    text = format(value, form)
    return text if float(text) else text.lstrip("+-")


def _where(row: Row, places: Places) -> str:
    """Link to the chapter, and to its figure or table that recomputes the item if it names one."""
    chapter, name = places.get(row["item"], ("", ""))
    here = f"{{doc}}`{row['chapter']} <{row['chapter']}>`"
    return f"{here}, {{numref}}`{name}`" if chapter == row["chapter"] else here


def _check(node: str, linked: bool) -> str:
    test = code(node.rpartition("::")[2])
    return link(words(test, hint=node), anchor(node)) if linked else test
