from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

from press.site.exports import Module, public_modules, public_names

ROOT = Path(__file__).resolve().parents[3]
MODULES = public_modules(ROOT, "opgd")
NAMES = public_names(MODULES)


def write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = root / "pack" / f"{name.replace('__', '/', name.count('__') if name[0] != '_' else 0)}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_modules_and_the_place_where_each_name_is_documented(tmp_path: Path) -> None:
    write(
        tmp_path,
        __init__='"""A pack."""\nfrom pack.sub import f\nfrom pack._own import g\n__all__ = ["f", "g"]\n',
        _own='__all__ = ["g"]\n',
        none="x = 1\n",
        sub__one='"""One,\nin two lines.\n\nMore."""\n__all__ = ["f"]\n',
    )
    (tmp_path / "pack" / "sub" / "__init__.py").write_text('from pack.sub.one import f\n__all__ = ["f"]\n')
    modules = public_modules(tmp_path, "pack")
    assert [m.name for m in modules] == ["pack", "pack.sub", "pack.sub.one"]
    places = public_names(modules)
    assert places["pack.f"] == places["pack.sub.f"] == places["pack.sub.one.f"] == "pack.sub.one.f"
    assert places["pack.g"] == places["pack._own.g"] == "pack.g"  # its own module is private


def test_what_was_read_is_what_python_imports() -> None:
    for module in MODULES:
        assert list(module.names) == importlib.import_module(module.name).__all__
    for name, place in NAMES.items():
        objects = []
        for dotted in (name, place):
            holder, _, last = dotted.rpartition(".")
            objects.append(getattr(importlib.import_module(holder), last))
        assert objects[0] is objects[1], name


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_public_name_has_a_docstring(module: Module) -> None:
    """Without one the reference leaves it out, and links to it would lead nowhere."""
    for name in module.names:
        dotted = f"{module.name}.{name}"
        if NAMES[dotted] == dotted:
            source, _, last = module.imported.get(name, dotted).rpartition(".")
            assert last in documented(source), dotted


@cache
def documented(module: str) -> set[str]:
    path = ROOT / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = set()
    for node, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            found.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found
