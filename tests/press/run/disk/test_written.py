from __future__ import annotations

import math
from pathlib import Path

import pytest

from press.run.parameters import Parameter, coerce
from press.run.written import meant, number, read_mapping, read_text, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("1_000", 1000),
        ("1e-3", 0.001),
        ("1e4", 10000.0),
        (".5", 0.5),
        ("3.", 3.0),
        ("0.25", 0.25),
        (".inf", math.inf),
        ("-.inf", -math.inf),
    ],
)
def test_a_number_is_the_same_from_a_file_and_from_a_command_line(text: str, value: float) -> None:
    assert number(text) == value and type(number(text)) is type(value)
    read = read_yaml(f"x: {text}")["x"]
    assert read == value and type(read) is type(value)
    assert read_yaml(f"[{text}]") == [value]


@pytest.mark.parametrize(
    "text", ["010", "-07", "00.5", "0_1", "0x10", "0o17", "0b1", "1:30", "1__0", "1_", "1,5"]
)
def test_what_readers_disagree_on_is_no_number_anywhere(text: str) -> None:
    for given in (text, read_yaml(f"x: {text}")["x"], read_yaml(f"x: '{text}'")["x"]):
        assert given == text
        with pytest.raises(ValueError, match=r"^parameter x = "):
            coerce(Parameter("x", "float", 1.0, None, ""), given)
    with pytest.raises(ValueError):
        read_yaml(f"!!int '{text}'")


@pytest.mark.parametrize("word", ["yes", "on", "off", "2001-01-02", "1:30:00", "tRUE"])
def test_words_stay_words(word: str) -> None:
    assert read_yaml(f"x: {word}") == {"x": word}


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("p: 1\nq: 2\np: 3\n", "p", (1, 3)),
        ("product:\n  p: [1]\n  q: [2]\n  p: [3]\n", "p", (2, 4)),
        ("points:\n- {p: 1, q: 2}\n- {p: 1,\n   p: 2}\n", "p", (3, 4)),
        ("fixed: {q: 1, q: 1}\n", "q", (1, 1)),
        ("'p': 1\np: 2\n", "p", (1, 2)),
    ],
)
def test_a_key_that_stands_twice_is_refused(text: str, key: str, lines: tuple[int, int]) -> None:
    with pytest.raises(ValueError) as caught:
        read_mapping(text, "grid.yml")
    said = str(caught.value)
    assert said.startswith("grid.yml: ") and repr(key) in said
    assert f"line {lines[0]} " in said and said.endswith(f"line {lines[1]}")


def test_merged_keys_may_be_overridden() -> None:
    assert read_yaml("a: &a {p: 1, q: 2}\nb: {<<: *a, p: 3}\n")["b"] == {"p": 3, "q": 2}


def test_an_empty_file_changes_nothing() -> None:
    assert read_mapping("# nothing\n", "x.yml") == {}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_a_file_in_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "grid.yml"
    path.write_bytes("p: é\n".encode(encoding))
    with pytest.raises(ValueError, match=r"grid\.yml is not in UTF-8"):
        read_text(path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "grid.yml"
    path.write_bytes("p: é\r\n".encode("utf-8-sig"))
    assert read_text(path) == "p: é\n"


@pytest.mark.parametrize(("given", "near"), [("rate", "rates"), ("table", "tables"), ("xyz", "")])
def test_what_was_meant(given: str, near: str) -> None:
    assert (repr(near) if near else "") in meant(given, ["rates", "tables"]) and bool(near) == bool(
        meant(given, ["rates", "tables"])
    )
