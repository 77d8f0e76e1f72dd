"""Where the time of a chapter goes: sample the stacks of all its threads, print shares as JSON.

    python bench/hotspots.py CHAPTER

Each sample is counted once for the innermost function of opgd on the stack of each busy thread, so that a
compiled kernel or a call of numpy counts for the function of opgd that asked for it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

os.environ["MPLBACKEND"] = "agg"
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from IPython.core.interactiveshell import InteractiveShell  # noqa: E402

from press.chapter import store  # noqa: E402
from press.run.execute import clean_notebook  # noqa: E402
from press.run.project import Project  # noqa: E402

PERIOD = 0.01
WAITING = {"wait", "_worker", "result", "acquire", "get", "select", "_bootstrap_inner", "result_iterator"}


def blame(frame: FrameType | None) -> str | None:
    """Name the innermost function of opgd on a stack; None for a thread that waits."""
    if frame is not None and frame.f_code.co_name in WAITING:
        return None
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT / "opgd"):
            module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            return f"{module}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "imports, drawing and the rest"


def main(chapter: str) -> dict[str, object]:
    cells = [c.source for c in clean_notebook(Project(ROOT).source(chapter)).cells if c.cell_type == "code"]
    store.get = lambda key: None  # type: ignore[method-assign]  # what was kept takes no time
    counts: Counter[str] = Counter()
    stop, own = threading.Event(), set[int]()

    def sample() -> None:
        own.add(threading.get_ident())
        while not stop.wait(PERIOD):
            for thread, frame in sys._current_frames().items():
                if thread not in own and (name := blame(frame)):
                    counts[name] += 1

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False  # type: ignore[union-attr]
    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    wall, cpu = time.perf_counter(), time.process_time()
    for source in cells:
        shell.run_cell(source, silent=True).raise_error()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    stop.set()
    sampler.join()
    total = sum(counts.values())
    shares = {name: count / total for name, count in counts.most_common(8)}
    return {"chapter": chapter, "wall": wall, "cpu": cpu, "shares": shares}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
