from __future__ import annotations

import pytest

from press.run.profiles import overrides
from press.run.project import Project


def test_overrides_are_checked_and_converted(book: Project) -> None:
    assert overrides(book, "smoke", "first") == {"count": 2, "power": 0.1}
    assert overrides(book, "smoke", "second") == {}
    assert overrides(book, "default", "first") == {}


@pytest.mark.parametrize("name", ["paper", "../first", "", "smoke.yml"])
def test_unknown_profiles(book: Project, name: str) -> None:
    with pytest.raises(ValueError, match="the profiles are: default, smoke"):
        overrides(book, name, "first")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("third: {count: 1}", "third: unknown chapter"),
        ("second: {count: 1}", "second: unknown parameter 'count'"),
        ("first: {count: 0}", "first: parameter count = 0"),
        ("first: [count]", "not a mapping of parameters"),
        ("- first", "not a mapping of names"),
        ("1: {}", "not a mapping of names"),
        ("first: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("first: {count: ]", "not valid YAML"),
    ],
)
def test_bad_profiles_are_refused_whatever_chapter_is_asked_for(
    book: Project, text: str, message: str
) -> None:
    (book.root / "profiles" / "smoke.yml").write_text(text)
    for chapter in ("first", "second"):
        with pytest.raises(ValueError, match=r"^profiles/smoke\.yml") as caught:
            overrides(book, "smoke", chapter)
        assert message in str(caught.value)
