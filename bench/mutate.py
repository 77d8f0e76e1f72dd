"""Change the mathematics in small ways, one at a time, and see whether a test notices.

mutmut makes the mutants of a module and runs, for each, the tests that reach the changed function, cheapest
first. A mutant that no test notices must be listed in `survivors.toml`, with the reason why none can or need;
a survivor that is not listed is an error, and so is an entry that survives no longer. The result goes to
`_build/bench/mutation.json`, which keeps that of modules which were not run. Only copies of the modules are
changed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import peers
from scipy.stats import binomtest

from press.run.disk.files import write_atomically

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "_build" / "bench" / "mutation"
REPORT = ROOT / "_build" / "bench" / "mutation.json"
ACCEPTED = ROOT / "evidence" / "survivors.toml"

FLOWS = [
    "flow/test_flows.py",
    "flow/test_interface.py",
    "test_validate.py",
    "flow/test_linearize.py",
    "flow/test_own_flows.py",
    "flow/test_deep.py::test_rest_and_equilibrium_are_exact",
    "flow/test_deep.py::test_order_and_shape_of_the_arguments_do_not_matter",
    "flow/test_deep.py::test_inputs_are_left_alone",
    "flow/test_deep.py::test_one_separate_layer_is_a_shared_one",
    "flow/test_deep.py::test_against_a_general_ode_solver",
    "flow/test_deep.py::test_tolerances_that_are_not_allowed",
    "flow/test_descent.py",
    "risk/test_moments.py",
    "risk/test_curve.py",
    "stopping/test_oracle.py",
]
TESTS = {
    **{f"flow/{name}": FLOWS for name in ("interface", "vanilla", "two_layer", "deep", "over_parameterized")},
    "risk/curve": ["risk/test_curve.py"],
    "risk/simulated": ["risk/test_simulated.py"],
    "theory/bounds": ["theory/test_bounds.py"],
    "stopping/oracle": ["stopping/test_oracle.py"],
    "stopping/stein": ["stopping/test_stein.py"],
    "stopping/universal": ["stopping/test_universal.py"],
}
"""Modules of opgd, and the tests, all in tests/opgd, that run against their mutants."""

SLOW = [
    "flow/test_flows.py::test_exact_beyond_the_promised_range",
    "flow/test_linearize.py::test_two_layers_over_the_whole_range",
    "flow/test_linearize.py::test_deep",
    "flow/test_own_flows.py::test_cubes_by_simulation",
    "flow/test_own_flows.py::test_the_risk_of_one_component",
    "risk/test_moments.py::test_deep_against_brute_force",
    "risk/test_curve.py::test_simulation_agrees_with_the_exact_risk",
    "risk/test_curve.py::test_deep_risk_by_brute_force[1-0.0",
    "risk/test_curve.py::test_deep_risk_by_brute_force[1-1.5",
    "risk/test_curve.py::test_deep_risk_by_brute_force[1-1000.0",
    "risk/test_curve.py::test_deep_risk_by_brute_force[2",
    "risk/test_curve.py::test_deep_risk_by_brute_force[3",
    "risk/test_curve.py::test_deep_risk_against_a_sum_over_all_components[1-0.6",
    "risk/test_curve.py::test_deep_risk_against_a_sum_over_all_components[2-1",
    "risk/test_curve.py::test_deep_risk_against_a_sum_over_all_components[3",
    "risk/test_curve.py::test_deep_risk_against_simulation",
    "theory/test_bounds.py::test_split_of_the_risk_by_simulation[2",
    "stopping/test_oracle.py::test_against_a_dense_grid[problem3",
    "stopping/test_oracle.py::test_against_a_dense_grid[problem4",
    "stopping/test_oracle.py::test_against_a_dense_grid[problem0-flow2",
    "stopping/test_oracle.py::test_against_a_dense_grid[problem0-flow3",
    "stopping/test_oracle.py::test_against_a_dense_grid[problem1-flow3",
    "stopping/test_oracle.py::test_the_fits_of_figure_1",
    "stopping/test_stein.py::test_steins_identity_by_simulation",
    "stopping/test_stein.py::test_pieces_and_memory",
    "stopping/test_stein.py::test_close_to_the_oracle[1",
    "stopping/test_stein.py::test_close_to_the_oracle[0.6-1.5-2-1",
]
"""Tests by the beginnings of their names that take a second or more: for what the others do not notice."""

NOTICED = ("killed", "timeout", "segfault")
SETTINGS = """[mutmut]
source_paths = opgd/{module}.py
# texts of errors: tests look for the argument, its value and what is allowed; the wording is free
do_not_mutate_patterns =
    raise ValueError\\(
    ^\\s*_lacks\\(
    ^\\s*f?"
also_copy =
    opgd
    press
pytest_add_cli_args_test_selection =
    {tests}
pytest_add_cli_args =
    -p
    no:cacheprovider
    -p
    no:unraisableexception
    {slow}
# a mutant is a fork of the process that has run the tests once: numpy is loaded, compiled code is there
process_isolation = fork
timeout_multiplier = 3
timeout_constant = 10
use_git_change_detection = false
"""


@dataclass(frozen=True)
class Change:
    """What a mutant changes: some lines of a function, without their indentation."""

    function: str
    line: str
    change: str


def prepare(module: str) -> Path:
    """Copy what the run needs to a folder of its own."""
    folder = WORK / module.replace("/", "-")
    shutil.rmtree(folder, ignore_errors=True)
    ignore = shutil.ignore_patterns("*.pyc", "browser", "book")  # but not what numba has compiled
    for name in ("opgd", "press", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def choose(module: str, *, all_tests: bool) -> None:
    """Choose the tests to run, in the folder of the copy."""
    tests = "\n    ".join(f"tests/opgd/{test}" for test in TESTS[module])
    slow = "" if all_tests else "\n    ".join(f"--deselect=tests/opgd/{test}" for test in SLOW)
    Path("setup.cfg").write_text(SETTINGS.format(module=module, tests=tests, slow=slow), encoding="utf-8")


def mutants(module: str) -> list[str]:
    """Return mutmut's names of the mutants of a module, in the folder of its copy."""
    from mutmut.configuration import reset_config
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    reset_config()
    path = Path("opgd", f"{module}.py")
    made = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
    return [get_mutant_name(path, name) for name in made.mutant_names]


def run(names: list[str]) -> None:
    """Run these mutants, in the folder of the copy."""
    environment = os.environ | {
        "PYTHONPATH": str(peers.FOLDER),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
    }
    mutmut = [sys.executable, "-W", "ignore", str(peers.FOLDER / "bin" / "mutmut")]
    subprocess.run([*mutmut, "run", "--max-children", "1", *names], env=environment, check=True)


def function(name: str) -> str:
    """Return the function, or the class and the method, that a mutant changes."""
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    function, owner = orig_function_and_class_names_from_key(name)
    return f"{owner}.{function}" if owner else function


def change(name: str, path: str) -> Change:
    """Return what a mutant changes, in the folder of the copy."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    before, after = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return Change(function(name), before, after)


def number(what: Change, source: str) -> int | None:
    """Return the first line of a function that begins as the changed lines do."""
    *_, name = what.function.split(".")
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for row in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                if lines[row - 1].strip() and what.line.startswith(lines[row - 1].strip()):
                    return row
    return None


def matches(entry: Mapping[str, str], what: Change) -> bool:
    """Whether an entry of survivors.toml, without `change` for any of a line, is about a mutant."""
    return (entry["function"], entry["line"]) == (what.function, what.line) and entry.get(
        "change", what.change
    ) == what.change


def reason(what: Change, accepted: Sequence[Mapping[str, str]]) -> str | None:
    """Return why no test need notice a mutant; None if it is not listed."""
    return next((entry["reason"] for entry in accepted if matches(entry, what)), None)


def examine(module: str, sample: int | None, seed: int) -> dict[str, Any]:
    """Run all mutants of a module, or a random sample of them; return what became of them."""
    from mutmut.stats import status_by_exit_code

    accepted = tomllib.loads(ACCEPTED.read_text(encoding="utf-8")).get(module, [])
    with chdir(prepare(module)):
        choose(module, all_tests=False)
        names = mutants(module)
        some = names if sample is None or sample >= len(names) else random.Random(seed).sample(names, sample)
        path, states = f"opgd/{module}.py", dict.fromkeys(some, "not run")
        for all_tests in (False, True):  # the slow tests, too, for what the others do not notice
            rest = [name for name, state in states.items() if state not in NOTICED]
            if rest:
                shutil.rmtree("mutants", ignore_errors=True)
                choose(module, all_tests=all_tests)
                run(rest)
                meta = json.loads(Path("mutants", f"{path}.meta").read_text(encoding="utf-8"))
                states |= {name: status_by_exit_code[meta["exit_code_by_key"][name]] for name in rest}
        noticed = [name for name, state in states.items() if state in NOTICED]
        survivors = [change(name, path) for name in some if name not in noticed]
        stale = [entry for entry in accepted if not any(matches(entry, what) for what in survivors)]
        # an entry may also be of a mutant that the sample left out
        functions = {entry["function"] for entry in stale}
        left_out = [change(name, path) for name in set(names) - set(some) if function(name) in functions]
        source = Path(path).read_text(encoding="utf-8")
    interval = binomtest(len(noticed), len(some)).proportion_ci(method="wilson")
    return {
        "module": module,
        "mutants": len(names),
        "tried": len(some),
        "seed": seed if len(some) < len(names) else None,
        "killed": sum(state in ("killed", "segfault") for state in states.values()),
        "timed_out": sum(state == "timeout" for state in states.values()),
        "score": len(noticed) / len(some),
        "interval": None if len(some) == len(names) else [float(interval.low), float(interval.high)],
        "survivors": [
            {"number": number(what, source)} | asdict(what) | {"reason": reason(what, accepted)}
            for what in sorted(survivors, key=lambda what: number(what, source) or 0)
        ],
        "stale": [entry for entry in stale if not any(matches(entry, what) for what in left_out)],
    }


def summary(result: dict[str, Any]) -> str:
    """Return one line about a module."""
    between = "" if result["interval"] is None else " ({:.1%} to {:.1%})".format(*result["interval"])
    return (
        f"opgd/{result['module']}.py: {result['tried']} of {result['mutants']} mutants tried, "
        f"{result['killed']} killed, {result['timed_out']} timed out, {len(result['survivors'])} survived, "
        f"{len(unlisted(result))} of them not listed; score {result['score']:.1%}{between}"
    )


def unlisted(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the survivors that survivors.toml does not list."""
    return [what for what in result["survivors"] if what["reason"] is None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help=f"some of {', '.join(TESTS)}; all of them by default")
    parser.add_argument("--sample", type=int, help="try only so many mutants of each module, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample (default 0)")
    options = parser.parse_args()
    for name in options.modules:
        if name not in TESTS:
            parser.error(f"modules: {name!r} is not one of {', '.join(TESTS)}")
    if options.sample is not None and options.sample < 1:
        parser.error(f"--sample {options.sample} is not allowed: it must be at least 1")
    peers.install()
    if not (peers.FOLDER / "bin" / "mutmut").exists():
        sys.exit("mutmut is not installed: see above")
    sys.path.append(str(peers.FOLDER))
    results, open_ends = [], 0
    for module in options.modules or TESTS:
        result = examine(module, options.sample, options.seed)
        results.append(result)
        kept = (
            {row["module"]: row for row in json.loads(REPORT.read_text("utf-8"))} if REPORT.exists() else {}
        )
        kept[module] = result
        report = [kept[name] for name in TESTS if name in kept]
        write_atomically(REPORT, json.dumps(report, indent=2) + "\n")
    print()
    for result in results:
        print(summary(result))
        for title, changes in (("survived", unlisted(result)), ("listed, but dead or gone", result["stale"])):
            for what in changes:
                open_ends += 1
                to = what.get("change", "(any)")
                print(f"  {title}, in {what['function']}:\n    - {what['line']}\n    + {to}")
    if open_ends:
        sys.exit(f"{open_ends} mutants or entries of evidence/survivors.toml need attention")


if __name__ == "__main__":
    main()
