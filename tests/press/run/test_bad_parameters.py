"""Three hundred bad sets of parameters, by every way in: refused with name, value and what is allowed."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import papermill
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import press.sweep.workers
from press.__main__ import main
from press.run.environment import isolate
from press.run.project import Project

HEAD = (Path(__file__).parents[2] / "small_book" / "book" / "second.md").read_text(encoding="utf-8")
ALL_KINDS = (
    HEAD.partition("# Second")[0]
    + """# All kinds

```{code-cell} ipython3
:tags: [parameters]

count: int = 4  # [1, 100] an integer
power: float = 2.0  # (0, 10] a number
word: str = "mean"  # {mean, trial} a word
draw: bool = True  # a truth value
decays: list[float] = [1.5]  # (0, inf) numbers
depths: list[int] = [0]  # [0, 9] integers
names: list[str] = ["a"]  # words
```
"""
)
CODE = (
    "__import__('pathlib').Path('written').touch()",
    "4; open('written', 'w')",
    "{{ open('written', 'w') }}",
    "$(touch written)",
    "!!python/object/apply:os.system ['touch written']",
    "!!python/name:os.system",
)
text = st.sampled_from(CODE) | st.sampled_from(["1e-3x", "nan", "NaN", ".nan", "-inf", "", "0x10", "1,5"])
odd = st.none() | st.just({"a": 1}) | st.just([[1]]) | st.dates()
nan = st.just(float("nan"))
far = st.floats(max_value=0) | st.integers(max_value=0) | st.sampled_from([1e308, float("inf"), 10**400])
BAD: dict[str, st.SearchStrategy[Any]] = {
    "count": text | odd | nan | far | st.booleans() | st.just("1e-3") | st.floats(1.01, 1.99) | st.just([4]),
    "power": text | odd | nan | far | st.booleans() | st.just("-1e-3") | st.just([2.0]),
    "word": text | odd | nan | st.booleans() | st.just("median") | st.integers(),
    "draw": text | odd | nan | st.sampled_from(["yes", "1", 0, 1, 1.0]),
    "decays": text | odd | nan | st.booleans() | st.sampled_from([[], [0], [1, True], ["x"], 1.5, [1, None]]),
    "depths": text | odd | nan | st.sampled_from([[], [1.5], [10], [True], "[1e-3]", "[0", 3]),
    "names": odd | nan | st.sampled_from([[], [1], [None], "x", True]),
    "coutn": st.sampled_from([3, "x", *CODE]),
    "__class__": st.sampled_from([3, *CODE]),
}
GOOD: dict[str, Any] = {"count": 3, "power": "1e-3", "word": "trial", "draw": False, "decays": [1, "2e0"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A book of one chapter; any execution is an error."""
    root = tmp_path_factory.mktemp("refused")
    (root / "book").mkdir()
    (root / "book" / "kinds.md").write_text(ALL_KINDS, encoding="utf-8")
    (root / "_toc.yml").write_text("format: jb-book\nroot: kinds\n", encoding="utf-8")
    before, where = dict(os.environ), Path.cwd()
    os.chdir(root)
    isolate(Project(root))

    def forbidden(*arguments: object, **options: object) -> None:
        raise AssertionError("something was executed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(papermill, "execute_notebook", forbidden)
        patch.setattr(press.sweep.workers, "_executor", forbidden)
        yield root
    os.chdir(where)
    os.environ.clear()
    os.environ.update(before)


def tree(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*")}


@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_bad_sets_are_refused_before_anything_runs(
    place: Path, data: st.DataObject, capsys: pytest.CaptureFixture[str]
) -> None:
    name = data.draw(st.sampled_from(list(BAD)))
    value = data.draw(BAD[name])
    others = {key: GOOD[key] for key in data.draw(st.sets(st.sampled_from(list(GOOD)))) if key != name}
    way = data.draw(st.sampled_from(["-p", "-f", "fixed", "product", "points"]))
    raw = isinstance(value, str) and value.startswith("!!") and data.draw(st.booleans())
    if way == "-p" and (not isinstance(value, str) or value[:1] == "-"):
        way = "-f"
    if raw and way != "-p":  # the tag itself, not a string that looks like one
        written = f"{name}: {value}\n"
    else:
        raw, written = False, yaml.safe_dump({name: value} | others)
    content = {
        "-p": "",
        "-f": written,
        "fixed": "fixed:\n  " + written.replace("\n", "\n  ") + "\npoints: [{}]\n",
        "points": "points:\n- " + written.replace("\n", "\n  ") + "\n",
        "product": "product:\n  " + written.replace("\n", "\n  ") + "\n",
    }[way]
    if way == "product" and not raw:
        content = yaml.safe_dump({"product": {key: [one] for key, one in ({name: value} | others).items()}})
    source = place / "given.yml"
    source.write_text(content, encoding="utf-8")
    before = tree(place)
    if way in ("-p", "-f"):
        command = ["run", "kinds", "-o", "out.ipynb"]
        command += ["-f", "given.yml"] if way == "-f" else ["-p", name, value]
    else:
        command = ["sweep", "kinds", "given.yml", "-o", "results"]
    code = main(command)
    said = capsys.readouterr().err
    assert code == 2, said
    assert len(said.splitlines()) == 1 and said.startswith("press: error: ")
    if raw:
        assert "given.yml: not valid YAML" in said and "tag:yaml.org,2002:python/" in said
    elif name in ("coutn", "__class__"):
        assert f"unknown parameter {name!r} = " in said and "parameters are: count, power, word" in said
    else:
        assert f"parameter {name} = " in said and "; allowed: " in said
    assert tree(place) == before


LETTERS = "abcdefghijklmnopqrst"
BOMB = "a: &a [x]\n" + "\n".join(
    f"{letter}: &{letter} [{', '.join([f'*{before}'] * 9)}]" for before, letter in itertools.pairwise(LETTERS)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 5000, "not valid YAML"),
        ("count: " + "9" * 5000, "not valid YAML"),
        ("count: 2001-13-45", "parameter count = '2001-13-45': not a number"),
        ("count: 010", "parameter count = '010': a leading zero"),
        ("count: 1:30", "parameter count = '1:30': not a number"),
        ("decays: [1.5, 010]", "parameter decays = [1.5, '010']: a leading zero"),
        ("draw: yes", "parameter draw = 'yes': not true or false"),
        ("count: 3\n# again\ncount: 4", "the key 'count' stands in line 1 and again in line 3"),
        (BOMB, "unknown parameter 'a' = "),
        (BOMB.replace("t: ", "count: "), "unknown parameter 'a' = "),
        ("count: &a [*a]", "parameter count = [[[["),
    ],
    ids=[
        "deep",
        "long",
        "no date",
        "octal",
        "base 60",
        "octal in a list",
        "yes",
        "twice",
        "bomb",
        "bomb inside",
        "endless",
    ],
)
def test_files_made_to_choke_a_reader(
    place: Path, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "given.yml").write_text(content, encoding="utf-8")
    assert main(["run", "kinds", "-f", "given.yml", "-o", "out.ipynb"]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said) < 400
