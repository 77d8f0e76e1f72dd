"""Parameters are data: the cell that papermill injects holds literals, equal to what was given."""

from __future__ import annotations

import ast
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from press.run.parameters import TYPES, Contract, Parameter, coerce, resolve

PIECES = [
    "'", '"', '"""', "\\", "\\'", "\n", "\r", "\r\n", "\0", "\u2028", "\u2029", "\x85", "\x1b",
    "\ud800", "\U0010ffff",
    "#", ";", "{x}", "{{x}}", "%s", "$(x)", "`x`", "\\N{DIGIT ONE}", "\\x41", "\\u0041",
    "é", "\u202e", "[", "(", ",",
    "__import__('os').system('x')", "import os", "=", "!!python/name:os.system", "lambda: 0", "None", "\t",
]  # fmt: skip
text = st.lists(st.sampled_from(PIECES) | st.text(st.characters(), max_size=5), max_size=8).map("".join)
number = st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.just(10**300)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers() | st.integers().map(str),
    "float": st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**60), 2**60)
    | number.map(repr),
    "str": text,
    "bool": st.booleans() | st.sampled_from(["true", "False"]),
    "list[int]": st.lists(st.integers(), min_size=1, max_size=4),
    "list[float]": st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4),
    "list[str]": st.lists(text, min_size=1, max_size=4),
}


@settings(derandomize=True, deadline=None, max_examples=400)
@given(data=st.data())
def test_the_cell_holds_literals_equal_to_what_was_given(data: st.DataObject) -> None:
    assert set(VALUES) == set(TYPES)
    kinds = data.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
    parameters = Contract({f"x{n}": Parameter(f"x{n}", kind, 0, None, "") for n, kind in enumerate(kinds)})
    given_values = {name: data.draw(VALUES[p.annotation]) for name, p in parameters.items()}
    values = resolve(parameters, given_values)
    tree = ast.parse(PythonTranslator.codify(values))
    assert len(tree.body) == len(values)
    for node, (name, value) in zip(tree.body, values.items(), strict=True):
        assert isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        found = ast.literal_eval(node.value)  # refuses all that is not a literal
        assert type(found) is type(value) and repr(found) == repr(value)
        if parameters[name].annotation in ("str", "list[str]"):
            assert found == given_values[name]


nested = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=2) | st.tuples(inner),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(value=nested, kind=st.sampled_from(TYPES))
def test_whatever_is_given_is_refused_with_a_message_or_becomes_its_type(value: Any, kind: str) -> None:
    parameter = Parameter("x", kind, 0, None, "")
    try:
        found = coerce(parameter, value)
    except ValueError as error:
        assert str(error).startswith("parameter x = ") and f"allowed: {kind}" in str(error)
        assert len(str(error)) < 300
        return
    items = found if isinstance(found, list) else [found]
    assert {type(item).__name__ for item in items} == {kind.removeprefix("list[").removesuffix("]")}
    assert isinstance(found, list) == kind.startswith("list")
