"""Command line: `python -m press run CHAPTER [-p NAME VALUE]...`; `make` and the build graph use it too."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from press.environment import isolate
from press.project import Project, write_atomically


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        The command line; that of the process by default.

    Returns
    -------
    int
        0 if all went well, 1 if a chapter or the site failed, 2 for bad input, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        project = Project.here()
        isolate(project)
        code: int = options.command(project, options)
        return code
    except (ValueError, OSError) as error:
        print(f"press: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("press: interrupted", file=sys.stderr)
        return 130


def _run(project: Project, options: argparse.Namespace) -> int:
    from press import profiles
    from press.execute import ChapterFailed, execute

    output: Path = options.output or project.build / "runs" / f"{options.chapter}.ipynb"
    if output.suffix != ".ipynb" or output.is_dir():
        raise ValueError(f"output {str(output)!r} is not the name of an .ipynb file")
    project.source(options.chapter)
    given: dict[str, Any] = dict(profiles.overrides(project, options.profile, options.chapter))
    if options.file:
        given |= profiles.read_mapping(options.file.read_text(encoding="utf-8"), str(options.file))
    given |= dict(options.parameters)
    try:
        execute(project, options.chapter, given, profile=options.profile, output=output)
    except ChapterFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(f"wrote {output}")
    return 0


def _ledger(project: Project, options: argparse.Namespace) -> int:
    from press.ledger import collect, dump

    notebooks = {
        chapter: json.loads((project.executed / f"{chapter}.ipynb").read_text(encoding="utf-8"))
        for chapter in project.chapters()
    }
    full_scale = ("default", "paper")
    strict = all(notebook["metadata"]["press"]["profile"] in full_scale for notebook in notebooks.values())
    write_atomically(project.ledger, dump(collect(notebooks, project.root, strict=strict)))
    return 0


def _site(project: Project, options: argparse.Namespace) -> int:
    from press.site import SiteFailed, build
    from press.statements import unchecked

    open_ones = unchecked(project.book / "statements.toml", project.theory)
    if os.environ.get("CI") and open_ones:
        raise ValueError(f"statements whose check has not run: {', '.join(open_ones)}")
    try:
        build(project)
    except SiteFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _pdf(project: Project, options: argparse.Namespace) -> int:
    from press.pdf import build_pdf
    from press.site import SiteFailed

    try:
        print(f"wrote {build_pdf(project)}")
    except SiteFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _theory(project: Project, options: argparse.Namespace) -> int:
    from press.statements import ChecksFailed, read_report, read_statements, run_checks

    statements = read_statements(project.book / "statements.toml")
    try:
        run_checks(project.root, project.theory)
        read_report(project.theory, statements)
    except ChecksFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _prepare(project: Project, options: argparse.Namespace) -> int:
    import matplotlib.font_manager

    matplotlib.font_manager.get_font_names()
    write_atomically(project.build / "settings" / "prepared", f"{matplotlib.__version__}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m press", description="Execute chapters, build the book.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="execute one chapter with checked parameters")
    run.add_argument("chapter", metavar="CHAPTER", help="name of the chapter, such as rates")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="change a parameter; may be repeated",
    )  # fmt: skip
    run.add_argument("-f", dest="file", type=Path, metavar="FILE", help="YAML file of parameters")
    run.add_argument("--profile", default="default", metavar="NAME", help="a file in profiles/")
    run.add_argument("-o", dest="output", type=Path, metavar="FILE", help="the executed notebook")
    run.set_defaults(command=_run)
    steps = {"prepare": _prepare, "ledger": _ledger, "theory": _theory, "site": _site, "pdf": _pdf}
    texts = {
        "prepare": "fill matplotlib's font cache (a step of the build)",
        "ledger": "collect the ledger from the executed chapters (a step of the build)",
        "theory": "check the paper's statements (a step of the build)",
        "site": "build the HTML from the executed chapters (a step of the build)",
        "pdf": "make _build/book.pdf from the executed chapters; needs LaTeX",
    }
    for name, command in steps.items():
        commands.add_parser(name, help=texts[name]).set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
