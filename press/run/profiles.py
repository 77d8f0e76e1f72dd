"""Profiles: named sets of parameters for the whole book, one YAML file each."""

from __future__ import annotations

from press.run.disk.written import meant, read_mapping, read_text
from press.run.parameters import Value, read_parameters, resolve
from press.run.project import Project

__all__ = ["DEFAULT", "overrides", "read_profile"]

DEFAULT = "default"
"""The profile without a file: the chapters' own literals."""


def read_profile(project: Project, profile: str) -> dict[str, dict[str, Value]]:
    """Return what a profile changes, by chapter."""
    if profile == DEFAULT:
        return {}
    path = project.root / "profiles" / f"{profile}.yml"
    known = sorted(p.stem for p in (project.root / "profiles").glob("*.yml"))
    if profile not in known:
        there = [DEFAULT, *known]
        hint = meant(profile, there)
        raise ValueError(f"unknown profile {profile!r}{hint}; the profiles are: {', '.join(there)}")
    content = read_mapping(read_text(path), f"profiles/{profile}.yml")
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
