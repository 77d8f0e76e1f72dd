"""What people write: text in UTF-8, YAML in one dialect, numbers by one rule, names that are nearly right.

A parameter means the same in a file and on a command line. Numbers are decimal, as in Python: `1_000`,
`1e-3`, `-.5`, `inf`. A leading zero, octal to some, is refused; `1:30`, `0x10`, `yes` and dates are words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import yaml

__all__ = ["meant", "number", "read_mapping", "read_text", "read_yaml"]

_NUMBER = re.compile(
    r"[-+]?(?:(?:(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$"
    r"|\.(?:nan|NaN|NAN)$"
)
_NOT_FINITE = re.compile(r"([-+]?)\.?(inf|nan)", re.IGNORECASE)


def read_text(path: Path) -> str:
    """Read a text in UTF-8, with or without a byte-order mark; another encoding is a ValueError."""
    start = path.read_bytes()[:4]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise ValueError(f"{path} is not in UTF-8 but in UTF-16 or UTF-32: store it as UTF-8")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not in UTF-8: byte {error.start} is {error.object[error.start]:#04x}"
        ) from None


def number(text: str) -> int | float:
    """Read a number; what is none is a ValueError.

    >>> number("1_000"), number("1e-3"), number("-inf")
    (1000, 0.001, -inf)
    """
    text = text.strip()
    if special := _NOT_FINITE.fullmatch(text):
        return float(special[1] + special[2])
    if not _NUMBER.match(text):
        octal = re.match(r"[-+]?0[0-9_]", text)
        raise ValueError("a leading zero: decimal or octal? leave it out" if octal else "not a number")
    if re.search("[.eE]", text):
        return float(text)
    try:
        return int(text)
    except ValueError:  # Python reads no more than some thousands
        raise ValueError("too many digits") from None


def read_yaml(text: str) -> Any:
    """Read YAML: data only, tags are refused, and a key that stands twice; that is a ValueError."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506  a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"not valid YAML: {' '.join(str(error).split())}") from None


def read_mapping(text: str, name: str) -> dict[str, Any]:
    """Read a YAML mapping with string keys; `name` is that of the file, for a ValueError."""
    try:
        content = read_yaml(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ValueError(f"{name}: not a mapping of names to values")
    return content


def meant(name: str, known: Iterable[str]) -> str:
    """Say which known name may have been meant; empty if none is near.

    >>> meant("repetition", ["repetitions", "size"])
    "; did you mean 'repetitions'?"
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2; a key that occurs twice is an error."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key in [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]:
            line, name = key.start_mark.line + 1, (key.tag, key.value)
            if name in lines:
                raise ValueError(
                    f"the key {key.value!r} stands in line {lines[name]} and again in line {line}"
                )
            lines[name] = line
        return node

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        return number(str(self.construct_scalar(node)))


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("float", _NUMBER.pattern, list("-+.0123456789")),
    ("merge", r"<<$", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_number)
