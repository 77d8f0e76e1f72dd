"""Profiles: named sets of parameters for the whole book, one YAML file each."""

from __future__ import annotations

from typing import Any

import yaml

from press.run.parameters import Value, read_parameters, resolve
from press.run.project import Project

__all__ = ["DEFAULT", "overrides", "read_mapping", "read_profile"]

DEFAULT = "default"
"""The profile without a file: the chapters' own literals."""


def read_profile(project: Project, profile: str) -> dict[str, dict[str, Value]]:
    """Return what a profile changes, by chapter."""
    if profile == DEFAULT:
        return {}
    path = project.root / "profiles" / f"{profile}.yml"
    known = sorted(p.stem for p in (project.root / "profiles").glob("*.yml"))
    if profile not in known:
        raise ValueError(f"unknown profile {profile!r}; the profiles are: {', '.join([DEFAULT, *known])}")
    content = read_mapping(path.read_text(encoding="utf-8"), f"profiles/{profile}.yml")
    checked: dict[str, dict[str, Value]] = {}
    for name, given in content.items():
        try:
            if not isinstance(given, dict):
                raise ValueError("is not a mapping of parameters to values")
            values = resolve(read_parameters(project.source(name)), given)
        except ValueError as error:
            raise ValueError(f"profiles/{profile}.yml: {name}: {error}") from None
        checked[name] = {key: values[key] for key in given}
    return checked


def overrides(project: Project, profile: str, chapter: str) -> dict[str, Value]:
    """Return what a profile changes in one chapter; empty if it does not mention it."""
    return read_profile(project, profile).get(chapter, {})


def read_mapping(text: str, name: str) -> dict[str, Any]:
    """Read a YAML mapping with string keys; data only, tags are refused."""
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{name}: not valid YAML: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ValueError(f"{name}: not a mapping of names to values")
    return content
