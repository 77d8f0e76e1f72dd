r"""Results of runs that take too long for every build: kept in `evidence/long-runs.json`, shown by a role.

`python -m press keep NOTEBOOK` takes the results of an executed notebook, with what made it, into that file;
`` {long}`CHAPTER NAME` `` shows the result NAME (as glued), or one of `FACTS`, in any page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from press.evidence.results import results
from press.run.disk.files import write_atomically
from press.run.profiles import DEFAULT
from press.run.project import Project

__all__ = ["FILE", "keep", "show"]

FILE = "long-runs.json"
FACTS = ("profile", "minutes", "commit", "date")


def keep(project: Project, notebook: Path) -> int:
    """Keep the results of an executed notebook, and count them; those kept of its chapter before go.

    A file that `press run` did not execute, with another profile than the default one, is a ValueError.
    """
    try:
        parsed = json.loads(notebook.read_text(encoding="utf-8"))
        press: dict[str, Any] = parsed["metadata"]["press"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{notebook} is no notebook that `press run` has executed: {error!r}") from None
    if press["profile"] == DEFAULT:
        raise ValueError(f"{notebook} was executed with profile {DEFAULT!r}, as every build does")
    path = project.evidence / FILE
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    facts = {
        name: press[name] for name in ("profile", "parameters", "seconds", "machine", "commit", "started")
    }
    kept[press["chapter"]] = facts | {"results": results(parsed)}
    write_atomically(path, json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")
    return len(kept[press["chapter"]]["results"])


def show(kept: Mapping[str, Any], chapter: str, name: str) -> str:
    """Return a kept result, or a fact about the run, as text; what is not kept is a ValueError.

    >>> run = {"seconds": 90.0, "started": "2026-01-02T03:04:05+00:00", "results": {"rates-slope": "-0.5"}}
    >>> [show({"rates": run}, "rates", name) for name in ("rates-slope", "minutes", "date")]
    ['-0.5', '2', '2026-01-02']
    """
    run = kept.get(chapter)
    if run is None:
        raise ValueError(f"no long run of chapter {chapter!r} is kept; there are {', '.join(kept) or 'none'}")
    if name in FACTS:
        facts = {"minutes": round(run["seconds"] / 60), "date": run["started"][:10]}
        return str(facts.get(name) or run[name])
    if name not in run["results"]:
        raise ValueError(f"the long run of chapter {chapter!r} has no result {name!r}")
    return str(run["results"][name])
