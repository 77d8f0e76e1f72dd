"""The kernel of a run: no ports that others may take, and what it says of itself goes to a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

__all__ = ["kernels"]

_LONGEST = 90  # bytes: a socket's address may have 103 or more, with what the kernel adds


def kernels(scratch: Path, short: Path) -> type[AsyncKernelManager]:
    """Return a manager whose kernel writes its own remarks to `kernel.log` in `scratch`.

    Between the choice of a TCP port and its use another program may take it, and such a kernel can hang for
    good. So the channels are sockets in the directory `short`, where the system has them and its name is
    short enough for one.
    """
    sockets = os.name == "posix" and len(os.fsencode(short)) <= _LONGEST

    class Kernels(AsyncKernelManager):
        def __init__(self, **settings: Any) -> None:
            if sockets:
                settings |= {"transport": "ipc", "connection_file": str(short / "kernel.json")}
            super().__init__(**settings)

        async def start_kernel(self, **settings: Any) -> None:  # type: ignore[override]
            with (scratch / "kernel.log").open("ab") as log:
                await super().start_kernel(stdout=log, stderr=log, **settings)

    return Kernels
