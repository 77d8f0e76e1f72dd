"""The metadata of a built book as a research object: complete, and readable by others."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from rocrate.rocrate import ROCrate

from press.run.project import Project
from press.site.crate import NAME, PROFILE


@pytest.fixture(scope="module")
def found(built_book: Project) -> ROCrate:
    return ROCrate(built_book.html)


def test_it_names_what_it_is_made_of(built_book: Project, found: ROCrate) -> None:
    assert found.root_dataset["conformsTo"]["@id"] == PROFILE
    files = [entity.id for entity in found.data_entities if entity.id != "./"]
    assert len(files) == 3 * len(built_book.chapters())
    assert all((built_book.html / name).is_file() for name in files)


def test_each_chapter_is_an_action(built_book: Project, found: ROCrate) -> None:
    actions = found.get_by_type("CreateAction")
    assert {action.id for action in actions} == {f"#run-{name}" for name in built_book.chapters()}
    for action in actions:
        name = action.id.removeprefix("#run-")
        press = json.loads((built_book.executed / f"{name}.ipynb").read_text())["metadata"]["press"]
        values = {value["name"]: json.loads(value["value"]) for value in action["object"]}
        assert values == press["parameters"]
        start, end = (datetime.fromisoformat(action[key]) for key in ("startTime", "endTime"))
        assert start <= end and start.isoformat(timespec="seconds")[:19] == press["started"][:19]
        source = action["instrument"]
        assert {p["name"]: p["softwareVersion"] for p in source["softwareRequirements"]} == press["versions"]
        assert {result["encodingFormat"] for result in action["result"]} == {
            "text/html",
            "application/x-ipynb+json",
        }


def test_all_that_is_referred_to_is_described(built_book: Project) -> None:
    graph = json.loads((built_book.html / NAME).read_text())["@graph"]
    described = {entity["@id"] for entity in graph}

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            parts = [one for key, part in value.items() if key != "conformsTo" for one in references(part)]
            return [value["@id"], *parts] if set(value) == {"@id"} else parts
        return [one for part in value for one in references(part)] if isinstance(value, list) else []

    wanted = {one for entity in graph for one in references(entity)}
    assert wanted and wanted <= described and len(described) == len(graph)
