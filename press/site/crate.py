"""What was run, from what, giving what, for machines: the metadata of a built book as a research object.

The form is RO-Crate 1.1 with the profile Process Run Crate 0.5: the directory of the pages is the object, and
each execution of a chapter is an action with its source, its parameters, its times and its results.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from press.run.project import Project

__all__ = ["NAME", "crate"]

NAME = "ro-crate-metadata.json"
"""The file's name, given by RO-Crate."""
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"

Entity = dict[str, Any]


def crate(project: Project, html: Path) -> Entity:
    """Describe the book in a directory of pages, from the executed notebooks of its chapters.

    Files are named relative to the directory: the source and the page of each chapter, and the executed
    notebook that the page offers. The licence and the paper come from `tool.press` (`licence`, `paper`).
    """
    title = yaml.safe_load((project.root / "_config.yml").read_text(encoding="utf-8"))
    author = {"@id": "#authors", "@type": "Organization", "name": title["author"]}
    entities: dict[str, Entity] = {author["@id"]: author}
    actions, ends = [], [datetime.min.isoformat()]
    for chapter in project.chapters():
        notebook = json.loads((project.executed / f"{chapter}.ipynb").read_text(encoding="utf-8"))
        run = _action(chapter, notebook["metadata"]["press"], _files(html, chapter), author["@id"])
        entities |= {entity["@id"]: entity for entity in run}
        actions.append(_refer(run[-1]))
        ends.append(run[-1]["endTime"])
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title["title"],
        "description": f"{title['title']}: executed chapters as pages, with what made them",
        "datePublished": max(ends),
        "author": _refer(author),
        "publisher": _refer(author),
        "conformsTo": {"@id": PROFILE},
        "hasPart": [_refer(e) for e in entities.values() if "File" in e["@type"]],
        "mentions": actions,
    }
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    for key, setting, kind in (
        ("license", "licence", "CreativeWork"),
        ("isBasedOn", "paper", "ScholarlyArticle"),
    ):
        if address := project.setting(setting):
            entities[address] = {"@id": address, "@type": kind, "name": address}
            root[key] = {"@id": address}
    descriptor = {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": _refer(root),
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    graph = [descriptor, root, profile, *entities.values()]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _files(html: Path, chapter: str) -> list[str]:
    """The source, the page and the executed notebook of a chapter, as they lie among the pages."""
    [notebook] = html.glob(f"_downloads/*/{chapter}.ipynb")
    found = [html / "_sources" / f"{chapter}.ipynb", html / f"{chapter}.html", notebook]
    return [path.relative_to(html).as_posix() for path in found]


def _action(chapter: str, press: Mapping[str, Any], files: list[str], agent: str) -> list[Entity]:
    """What an execution needs and gives; the action itself is the last."""
    formats = ["application/x-ipynb+json", "text/html", "application/x-ipynb+json"]
    names = ["source", "page", "executed notebook"]
    entities: list[Entity] = [
        {"@id": path, "@type": "File", "name": f"{chapter}: {name}", "encodingFormat": form}
        for path, name, form in zip(files, names, formats, strict=True)
    ]
    source, page, notebook = entities
    source["@type"] = ["File", "SoftwareSourceCode"]
    source |= {"programmingLanguage": "Python", "version": press["commit"]}
    values: list[Entity] = [
        {"@id": f"#{chapter}-{name}", "@type": "PropertyValue", "name": name, "value": json.dumps(value)}
        for name, value in press["parameters"].items()
    ]
    packages: list[Entity] = [
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        for name, version in press["versions"].items()
    ]
    source["softwareRequirements"] = [_refer(package) for package in packages]
    start = datetime.fromisoformat(press["started"])
    action = {
        "@id": f"#run-{chapter}",
        "@type": "CreateAction",
        "name": f"Execution of the chapter {chapter}, profile {press['profile']}",
        "description": f"On {press['machine']}",
        "instrument": _refer(source),
        "agent": {"@id": agent},
        "object": [_refer(value) for value in values],
        "result": [_refer(notebook), _refer(page)],
        "startTime": start.isoformat(timespec="seconds"),
        "endTime": (start + timedelta(seconds=press["seconds"])).isoformat(timespec="seconds"),
    }
    return [source, page, notebook, *values, *packages, action]


def _refer(entity: Mapping[str, Any]) -> Entity:
    return {"@id": entity["@id"]}
