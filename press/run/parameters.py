"""Parameters are a contract: read a chapter's `parameters` cell, check and convert what it is given.

A value is data. It comes as a Python value, as YAML, or as a string from the command line, and is
converted to the annotated type or refused; nothing is ever evaluated as code.
"""

from __future__ import annotations

import ast
import io
import math
import reprlib
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode

from press.run.disk.written import meant, number, read_yaml
from press.run.notebook import clean_notebook
from press.run.ranges import START, Interval, Range, Relation, read_relation, split_comment

__all__ = ["TYPES", "Contract", "Parameter", "Value", "checked", "coerce", "read_parameters", "resolve"]

Scalar = int | float | str | bool
Value = Scalar | list[int] | list[float] | list[str]
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60
_SHORT.maxlevel = 3
TYPES = ("int", "float", "str", "bool", "list[int]", "list[float]", "list[str]")


@dataclass(frozen=True)
class Parameter:
    """One line of a `parameters` cell.

    Parameters
    ----------
    name, annotation : str
        Its name and its type, one of `TYPES`.
    default : int, float, str, bool or list
        The literal in the chapter.
    range : Interval, Choices or None
        What is allowed; for a list, what each element may be. None allows every value of the type
        (every finite one, for numbers).
    help : str
        What it means.
    """

    name: str
    annotation: str
    default: Value
    range: Range | None
    help: str

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return self.annotation if self.range is None else f"{self.annotation} in {self.range}"


class Contract(dict[str, Parameter]):
    """The parameters of a chapter by name, and the relations between them."""

    relations: tuple[Relation, ...] = ()


def read_parameters(source: Path | NotebookNode) -> Contract:
    """Read the parameters of a chapter.

    Parameters
    ----------
    source : pathlib.Path or nbformat.NotebookNode
        A MyST file, a notebook file, or a notebook.

    Returns
    -------
    Contract
        A dictionary of parameters by name, in the order of the cell, with their `relations`.

    Raises
    ------
    ValueError
        If there is not exactly one cell tagged `parameters`, or if a line of it breaks the rules:
        one annotated literal a line, with a default inside its own range, or a relation that the
        defaults satisfy.
    """
    notebook: Any = source
    if isinstance(source, Path):
        notebook = clean_notebook(source) if source.suffix == ".md" else jupytext.read(source)
    name = source.name if isinstance(source, Path) else "notebook"
    cells = [
        c for c in notebook.cells if "parameters" in c.metadata.get("tags", []) and c.cell_type == "code"
    ]
    if len(cells) != 1:
        raise ValueError(f"{name}: exactly one code cell must be tagged 'parameters', found {len(cells)}")
    found = Contract()
    try:
        comments = _comments(cells[0].source)
        for node in ast.parse(cells[0].source).body:
            parameter = _parameter(node, comments.get(node.lineno, ""))
            if parameter.name in found:
                raise ValueError(f"{parameter.name} is defined twice")
            found[parameter.name] = parameter
        required = [text[len(START) :].strip() for text in comments.values() if text.startswith(START)]
        found.relations = tuple(read_relation(text, list(found)) for text in required)
        _check_relations(found, {name: parameter.default for name, parameter in found.items()})
    except (ValueError, SyntaxError, tokenize.TokenError) as error:
        raise ValueError(f"{name}: parameters cell: {error}") from None
    return found


def resolve(parameters: Contract, overrides: Mapping[str, Any]) -> dict[str, Value]:
    """Put checked overrides in the place of defaults.

    Parameters
    ----------
    parameters : Contract
        What the chapter declares, from `read_parameters`.
    overrides : mapping of str to object
        New values by name: Python values, or strings from a command line.

    Returns
    -------
    dict
        Every parameter's value, of the annotated type.

    Raises
    ------
    ValueError
        Naming the parameter, the value and what is allowed; or the relation that values do not satisfy.
    """
    values = {name: parameter.default for name, parameter in parameters.items()}
    values |= checked(parameters, overrides)
    _check_relations(parameters, values)
    return values


def checked(parameters: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Value]:
    """Check single values, and convert them; relations to others are not looked at."""
    unknown = [name for name in given if name not in parameters]
    if unknown:
        known = ", ".join(parameters) or "none"
        value = _short(given[unknown[0]])
        raise ValueError(
            f"unknown parameter {unknown[0]!r} = {value}{meant(unknown[0], parameters)}; "
            f"this chapter's parameters are: {known}"
        )
    return {name: coerce(parameters[name], value) for name, value in given.items()}


def _check_relations(parameters: Contract, values: Mapping[str, Value]) -> None:
    for relation in parameters.relations:
        if not relation.holds(values):
            given = ", ".join(f"{name} = {_short(values[name])}" for name in relation.names)
            raise ValueError(f"{given}: not allowed together; required: {relation.text}")


def coerce(parameter: Parameter, value: Any) -> Value:
    """Convert a value to a parameter's type and check its range.

    A number may be given as a string ("1e-3"). An integer may be given as an integral float (8.0,
    "1e4"). Truth values are not numbers, and numbers are not truth values or strings. A list may be
    given as a string in YAML's form ("[1.5, 3]"); it must not be empty.

    Parameters
    ----------
    parameter : Parameter
        The parameter the value is for.
    value : object
        What was given.

    Returns
    -------
    int, float, str, bool or list
        The converted value.

    Raises
    ------
    ValueError
        Naming the parameter, the value and what is allowed.

    Examples
    --------
    >>> coerce(Parameter("step", "float", 0.1, None, ""), "1e-3")
    0.001
    """
    try:
        if not parameter.annotation.startswith("list"):
            return _scalar(parameter.annotation, value, parameter.range)
        if isinstance(value, str):
            value = read_yaml(value)
        if not isinstance(value, list | tuple) or not value:
            raise ValueError("not a list with at least one element")
        return [_scalar(parameter.annotation[5:-1], item, parameter.range) for item in value]  # type: ignore[return-value]
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"parameter {parameter.name} = {_short(value)}: {error}; allowed: {parameter.allowed}"
        ) from None


def _scalar(kind: str, value: Any, allowed: Range | None) -> Scalar:
    result: Scalar
    if kind == "str":
        if not isinstance(value, str):
            raise ValueError("not a string")
        result = value
    elif kind == "bool":
        words = {"true": True, "false": False}
        if isinstance(value, str) and value.strip().lower() in words:
            value = words[value.strip().lower()]
        if not isinstance(value, bool):
            raise ValueError("not true or false")
        result = value
    else:
        result = _number(kind, value)
        infinite_ends = isinstance(allowed, Interval) and result in allowed
        if isinstance(result, float) and math.isinf(result) and not infinite_ends:
            raise ValueError("not finite")
    if allowed is not None and result not in allowed:
        raise ValueError("out of range")
    return result


def _number(kind: str, value: Any) -> int | float:
    if isinstance(value, str):
        value = number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    if math.isnan(value):
        raise ValueError("not a number (NaN)")
    if kind == "float":
        return float(value)
    if isinstance(value, float) and (math.isinf(value) or value != int(value)):
        raise ValueError("not an integer")
    return int(value)


def _parameter(node: ast.stmt, comment: str) -> Parameter:
    where = f"line {node.lineno}"
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
        raise ValueError(f"{where} is not of the form `name: type = literal  # [low, high] help`")
    name, annotation = node.target.id, ast.unparse(node.annotation)
    if node.end_lineno != node.lineno:
        raise ValueError(f"{where}: {name} must stand on one line")
    if annotation not in TYPES:
        raise ValueError(f"{where}: {name} has type {annotation}; allowed: {', '.join(TYPES)}")
    try:
        literal = ast.literal_eval(node.value)
    except ValueError:
        raise ValueError(f"{where}: the value of {name} is not a plain literal") from None
    if "=" in comment or "|" in comment:
        raise ValueError(f"{where}: the comment of {name} must hold no '=' and no '|'")
    allowed, text = split_comment(comment)
    if allowed is None and annotation not in ("str", "bool", "list[str]"):
        raise ValueError(f"{where}: the comment of {name} must begin with its range, such as [0, inf)")
    if not text:
        raise ValueError(f"{where}: {name} has no help text")
    if isinstance(literal, str) and annotation != "str":
        raise ValueError(f"{where}: {name} has a string as value; allowed: {annotation}")
    parameter = Parameter(name, annotation, literal, allowed, text)
    return Parameter(name, annotation, coerce(parameter, literal), allowed, text)


def _comments(source: str) -> dict[int, str]:
    """Comments by line number, without `#`."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("#").strip() for t in tokens if t.type == tokenize.COMMENT}


def _short(value: object) -> str:
    """Show a value in at most 60 characters, at a cost that does not depend on its size."""
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        text = f"{type(value).__name__} of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
