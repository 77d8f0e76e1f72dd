"""Command line: `python -m press book`, `run CHAPTER`, `sweep`, `describe`, `verify`, `lab` and others."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

try:
    from press.build.alone import one_build
    from press.run.disk.files import write_atomically
    from press.run.disk.written import read_mapping, read_text
    from press.run.environment import isolate
    from press.run.project import Project
except ModuleNotFoundError as error:
    missing = f"{error.name} is not installed for {sys.executable}"
    sys.exit(f"press: error: {missing}; `make environment` makes .venv, which has it")


def main(arguments: list[str] | None = None) -> int:
    """Run one command: 0 if all went well, 1 if something failed, 2 for bad input, 130 after Ctrl-C."""
    parser = _parser()
    options, rest = parser.parse_known_args(_whole_values(sys.argv[1:] if arguments is None else arguments))
    if rest and options.command is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        if "directory" in options:
            return _new(options)
        project = Project.here()
        if given := getattr(options, "chapter", None):
            options.chapter = project.chapter(given)
        isolate(project)
        alone = options.command in (_book, _theory, _pdf)
        with one_build(project) if alone else contextlib.nullcontext():
            code: int = options.command(project, options)
        return code
    except (ValueError, OSError) as error:
        print(f"press: error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        missing = f"{error.name} is not installed for {sys.executable}"
        print(f"press: error: {missing}; `make environment` makes .venv, which has it", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("press: interrupted", file=sys.stderr)
        return 130


def _new(options: argparse.Namespace) -> int:
    from press.build.new import create

    where = create(options.directory).root
    print(f"wrote {where}; now: cd {where} && make book PYTHON={sys.executable}")
    return 0


def _need(group: str, *packages: str) -> None:
    """Refuse what needs a group of requirements that is not installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be installed first: make environment GROUPS={group}")


def _describe(project: Project, options: argparse.Namespace) -> int:
    from press.pages.describe import describe, overview

    print(describe(project, options.chapter) if options.chapter else overview(project))
    return 0


def _run(project: Project, options: argparse.Namespace) -> int:
    from press.build.plan import usual_seconds
    from press.run import profiles
    from press.run.execute import ChapterFailed, clean_notebook, finish, keep_partial, obtain
    from press.run.key import Point
    from press.run.notebook import dump
    from press.run.parameters import read_parameters, resolve
    from press.run.progress import lines, span

    output: Path = options.output or project.build / "runs" / f"{options.chapter}.ipynb"
    if output.suffix != ".ipynb" or output.is_dir():
        raise ValueError(f"output {str(output)!r} is not the name of an .ipynb file")
    source = project.source(options.chapter)
    given: dict[str, Any] = dict(profiles.overrides(project, options.profile, options.chapter))
    if options.file:
        given |= read_mapping(read_text(options.file), str(options.file))
    given |= dict(options.parameters)
    point = Point.of(project, options.chapter, options.profile, resolve(read_parameters(source), given))
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(project.notebooks / f"{options.chapter}.ipynb", dump(clean_notebook(source)))
    (project.failed / f"{options.chapter}.ipynb").unlink(missing_ok=True)
    usual = usual_seconds(project, point)

    def tell(seconds: float) -> str:
        left = "" if usual is None else f", about {span(max(usual - seconds, 0.0))} left"
        return f"{point.chapter}: running for {span(seconds)}{left}"

    try:
        with lines(tell):
            run = obtain(project, point, progress=sys.stderr.isatty())
        notebook = finish(project, options.chapter, run)
    except ChapterFailed as failure:
        print(keep_partial(project, options.chapter, failure), file=sys.stderr)
        return 1
    write_atomically(output, dump(notebook))
    print(f"wrote {output}")
    if options.html:
        from press.site.html import SiteFailed
        from press.site.onepage import onepage

        page = output.with_suffix(".html")
        try:
            write_atomically(page, onepage(project, output))
        except SiteFailed as failure:
            print(failure, file=sys.stderr)
            return 1
        print(f"wrote {page}")
    return 0


def _sweep(project: Project, options: argparse.Namespace) -> int:
    from press.run import profiles
    from press.sweep.grid import LIMIT, points_of

    _need("sweep", "pandas", "pyarrow")
    if options.workers < 1:
        raise ValueError(f"-j {options.workers}: it must be at least 1")
    chapter, directory = options.chapter, options.output
    project.source(chapter)
    points = points_of(
        project,
        chapter,
        read_text(options.grid),
        str(options.grid),
        profile=options.profile,
        given=profiles.overrides(project, options.profile, chapter),
        limit=LIMIT if options.limit is None else options.limit,
    )
    from press.sweep.page import page
    from press.sweep.results import table, write_table
    from press.sweep.workers import sweep

    try:
        outcome = sweep(project, points, directory, workers=options.workers, scheduler=options.scheduler)
    except KeyboardInterrupt:
        print(f"finished points are in {directory}; the same command goes on from there", file=sys.stderr)
        raise
    frame = table(points, outcome)
    write_table(frame, directory)
    write_atomically(directory / "index.html", page(chapter, options.profile, frame, points, outcome))
    there = len(points) - outcome.executed - len(outcome.errors)
    print(
        f"{len(points)} points: {there} were there, {outcome.executed} executed, {len(outcome.errors)} failed"
    )
    print(f"wrote {directory / 'table.parquet'}, table.csv and index.html")
    for point in points:
        if point.key in outcome.errors:
            print(f"failed: {point.values}\n{outcome.errors[point.key]}", file=sys.stderr)
    return 1 if outcome.errors else 0


def _verify(project: Project, options: argparse.Namespace) -> int:
    from press.evidence.ledger import sentence, tally
    from press.evidence.reference import judged, renew, verify

    if options.renew is not None:
        print(f"wrote {project.reference}: {renew(project, options.renew)} rows")
        return 0
    count, differences = verify(project)
    for difference in differences:
        print(difference)
    print(f"{count - len(differences)} of {count} rows agree with {project.reference.name}")
    print(f"{project.reference.name}: {sentence(tally(judged(project)))}")
    return 1 if differences else 0


def _keep(project: Project, options: argparse.Namespace) -> int:
    from press.evidence.long_runs import FILE, keep

    print(
        f"{project.evidence / FILE} now has {keep(project, options.notebook)} results of {options.notebook}"
    )
    return 0


def _bench(project: Project, options: argparse.Namespace) -> int:
    from press.evidence.measurements import COMMITTED, read_report, renew, slower

    if options.renew:
        print(f"{project.evidence / COMMITTED} now has: {', '.join(renew(project))}")
        return 0
    report = read_report(project.build / "bench" / "report.json")
    for what, against, ratio in slower(report):
        print(f"{what} takes {ratio:.2g} times as long as {against}")
    return 0


def _lab(project: Project, options: argparse.Namespace) -> int:
    from press.site.laboratory import command

    _need("lab", "jupyterlab")
    os.chdir(project.root)
    os.execv(sys.executable, command(project, options.rest))


def _notebooks(project: Project, options: argparse.Namespace) -> int:
    from press.site.hosted import publish

    print(f"wrote {len(publish(project, options.output))} files to {options.output}")
    return 0


def _pdf(project: Project, options: argparse.Namespace) -> int:
    from press.site.html import SiteFailed
    from press.site.pdf import build_pdf

    try:
        print(f"wrote {build_pdf(project)}")
    except SiteFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _theory(project: Project, options: argparse.Namespace) -> int:
    from press.build.book import check_theory
    from press.evidence.statements import ChecksFailed

    try:
        check_theory(project, again=options.again)
    except ChecksFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _book(project: Project, options: argparse.Namespace) -> int:
    from press.build.book import build_book

    return build_book(project, options.profile, pages=options.pages)


def _prune(project: Project, options: argparse.Namespace) -> int:
    from press.build.prune import useless

    found = list(useless(project))
    size = sum(path.stat().st_size for path, _ in found)
    for path, why in found:
        print(f"{path.name}: {why}")
        if options.yes:
            path.unlink(missing_ok=True)
    done = "removed" if options.yes else "of no use any more; --yes removes them"
    print(f"{len(found)} files, {size / 1e6:.1f} MB: {done}")
    return 0


def _tidy(project: Project, options: argparse.Namespace) -> int:
    from press.build.tidy import faults, tidy

    _need("test", "ruff")
    for name in tidy(project):
        print(f"changed {name}")
    left = faults(project)
    print(left, end="")
    return 1 if left else 0


def _whole_values(words: list[str]) -> list[str]:
    """Understand `-p NAME=VALUE`, and a list with spaces that a shell has taken apart.

    >>> _whole_values(["run", "rates", "-p", "gammas=[1.1,", "2.0]", "--html"])
    ['run', 'rates', '-p', 'gammas', '[1.1, 2.0]', '--html']
    """
    if words[:1] != ["run"]:
        return words
    left, made = list(words), []
    while left:
        made.append(left.pop(0))
        if made[-1] != "-p" or not left:
            continue
        name, equals, value = left.pop(0).partition("=")
        made.append(name)
        if equals:
            left.insert(0, value)
        if left and left[0].startswith("["):
            end = next((i for i, word in enumerate(left) if word.endswith("]")), 0)
            left[: end + 1] = [" ".join(left[: end + 1])]
        if left:  # argparse takes -1e-3 for an option, but not where a blank precedes it
            made.append(re.sub(r"^(?=-[.0-9])", " ", left.pop(0)))
    return made


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m press", description="Execute chapters, build the book.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    new = commands.add_parser("new", help="write a small executable paper of your own, to start from")
    new.add_argument("directory", type=Path, metavar="DIR", help="where: a directory that is made")
    new.set_defaults(command=_new)
    book = commands.add_parser("book", help="execute the chapters that changed, build the book")
    book.add_argument("--profile", default="default", metavar="NAME", help="a file in profiles/")
    book.add_argument(
        "--without-pages", dest="pages", action="store_false", help="the numbers and the ledger only"
    )
    book.set_defaults(command=_book)
    run = commands.add_parser("run", help="execute one chapter with checked parameters")
    run.add_argument("chapter", metavar="CHAPTER", help="name of the chapter, such as rates")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="change a parameter; may be repeated",
    )  # fmt: skip
    run.add_argument("-f", dest="file", type=Path, metavar="FILE", help="YAML file of parameters")
    run.add_argument("--profile", default="default", metavar="NAME", help="a file in profiles/")
    run.add_argument("-o", dest="output", type=Path, metavar="FILE", help="the executed notebook")
    run.add_argument("--html", action="store_true", help="write one HTML page beside it, too")
    run.set_defaults(command=_run)
    _add_sweep(commands.add_parser("sweep", help="execute a chapter over a grid of parameters"))
    describe = commands.add_parser("describe", help="list the chapters, or the parameters of one")
    describe.add_argument("chapter", metavar="CHAPTER", nargs="?", help="name of the chapter")
    describe.set_defaults(command=_describe)
    check = commands.add_parser("verify", help="compare the executed chapters with the committed reference")
    check.add_argument(
        "--renew", nargs="*", metavar="CHAPTER", help="make the reference of these chapters, or of all, anew"
    )
    check.set_defaults(command=_verify)
    long = commands.add_parser(
        "keep", help="keep the results of a long run in evidence/long-runs.json for the book"
    )
    long.add_argument("notebook", type=Path, metavar="FILE", help="executed with another profile")
    long.set_defaults(command=_keep)
    bench = commands.add_parser("bench", help="say what `make bench` found slower than a rival")
    bench.add_argument("--renew", action="store_true", help="make evidence/bench.json, which the book shows")
    bench.set_defaults(command=_bench)
    lab = commands.add_parser("lab", help="open JupyterLab (with its own options) on the chapters")
    lab.set_defaults(command=_lab)
    notebooks = commands.add_parser("notebooks", help="write clean notebooks for Binder and Colab")
    notebooks.add_argument("-o", dest="output", type=Path, required=True, metavar="DIR", help="where")
    notebooks.set_defaults(command=_notebooks)
    theory = commands.add_parser("theory", help="check the paper's statements, if not done with this code")
    theory.add_argument("--again", action="store_true", help="check them in any case")
    theory.set_defaults(command=_theory)
    pdf = commands.add_parser("pdf", help="make _build/book.pdf from the executed chapters; needs LaTeX")
    pdf.set_defaults(command=_pdf)
    tidy = commands.add_parser("tidy", help="lint and format the code of the chapters, in jupytext's form")
    tidy.set_defaults(command=_tidy)
    prune = commands.add_parser("prune", help="list runs in the store that nothing can find any more")
    prune.add_argument("--yes", action="store_true", help="remove them")
    prune.set_defaults(command=_prune)
    return parser


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("chapter", metavar="CHAPTER", help="name of the chapter, such as rates")
    parser.add_argument("grid", metavar="GRID", type=Path, help="YAML file: fixed, product, points")
    parser.add_argument(
        "-o", dest="output", type=Path, required=True, metavar="DIR", help="where the results go, or are"
    )
    parser.add_argument("-j", dest="workers", type=int, default=1, metavar="N", help="local processes")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="an existing dask scheduler, tcp://HOST:PORT")
    parser.add_argument("--profile", default="default", metavar="NAME", help="a file in profiles/")
    parser.add_argument("--limit", type=int, metavar="N", help="allow up to N points; large grids ask for it")
    parser.set_defaults(command=_sweep)


def _leave(code: int) -> NoReturn:
    """End this process, and with it the chapters that still run after an interruption or an error."""
    sys.stdout.flush()
    sys.stderr.flush()
    if any(thread.name.startswith("ThreadPool") for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    _leave(main())
