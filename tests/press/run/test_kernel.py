from __future__ import annotations

from pathlib import Path

import pytest

from press.run.kernel import kernels


@pytest.mark.parametrize(("folder", "transport"), [("s", "ipc"), ("long" * 30, "tcp"), ("ö" * 50, "tcp")])
def test_sockets_where_their_names_are_short_enough(tmp_path: Path, folder: str, transport: str) -> None:
    short = Path("/tmp") / folder
    manager = kernels(tmp_path, short)()
    assert manager.transport == transport
    if transport == "ipc":
        assert Path(manager.connection_file).parent == short and Path(manager.ip).parent == short
