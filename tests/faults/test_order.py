"""In the trace of the file system's calls: no rename without an fsync of its file before and of its folder after."""

from __future__ import annotations

from pathlib import Path

from tests.faults.disk import Fault
from tests.faults.mount import mounted
from tests.faults.needs import fuse
from tests.faults.running import Trial

pytestmark = fuse

NEVER = 10**9


def folder_of(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def test_every_rename_is_made_durable(tmp_path: Path) -> None:
    with mounted(tmp_path) as disk:
        trial = Trial(tmp_path, disk, seed=3)
        trial.to_its_end(Fault.KILL, NEVER)
        trace = disk.log
    renames = [(n, path) for n, (what, path) in enumerate(trace) if what == "rename"]
    assert {path.rpartition("/")[2] for _, path in renames} >= {"salt", "device.secret", "records"}
    assert any(path.endswith(".zip") for _, path in renames), "an export, too"
    for n, path in renames:
        following = [(what, where) for what, where in trace[n + 1 :] if what in {"rename", "fsyncdir"}]
        assert following, f"nothing after the rename to {path}"
        assert following[0] == ("fsyncdir", folder_of(path)), f"after the rename to {path} comes {following[0]}"
        assert trace[n - 1][0] in {"fsync", "fsyncdir"}, f"{path} was renamed before it was synced"
