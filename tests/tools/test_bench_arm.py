"""Counting on ARM, apart from the virtual machine itself: what goes in, what comes out, and when it is too much."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_repository import DEVICE
from tools.bench_arm import cpio
from tools.bench_arm.__main__ import CPUS, REFERENCE, grown, table
from tools.bench_arm.guest import MARK
from tools.bench_arm.machine import command, told
from tools.bench_arm.root import FRAME, RUNTIMES, WHEELS, pins
from tools.errors import EmulationError

STAGES = {
    *(f"face {stage}" for stage in ("mesh_still", "mesh_live", "quality", "align")),
    *("landmarker mesh_still", "landmarker mesh_live"),
    *(f"{runtime} classify" for runtime in RUNTIMES),
}


def test_the_reference_has_every_stage_on_every_processor() -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    assert set(reference) == set(CPUS)
    assert all(set(stages) == STAGES and min(stages.values()) > 0 for stages in reference.values())


def test_a_stage_that_takes_over_five_per_cent_more_is_named() -> None:
    reference = {"cortex-a72": {"face align": 1_000_000, "face quality": 8_000_000}}
    assert grown({"cortex-a72": {"face align": 1_050_000, "face quality": 100}}, reference) == []
    assert grown({"cortex-a72": {"face align": 1_050_001, "face quality": 8_000_000}}, reference) == [
        "face align on cortex-a72 takes 1,050,001 instructions, it was 1,000,000"
    ]


def test_a_stage_that_the_reference_does_not_know_is_no_pass() -> None:
    assert len(grown({"cortex-a72": {"face new": 1}, "cortex-a76": {"face align": 1}}, {"cortex-a72": {}})) == 2


def test_the_table_has_a_column_for_each_processor() -> None:
    head, row = table({"cortex-a72": {"face align": 1_444_000}, "cortex-a76": {"face align": 1_000_000}})
    assert head.split()[-2:] == ["cortex-a72", "cortex-a76"]
    assert row.split() == ["face", "align", "1.44", "1.00"]


def test_what_the_machine_counted_is_found_among_what_the_kernel_says() -> None:
    face, classify = '{"mesh_live": 38, "align": 1}', '{"classify": 87}'
    console = f"[    0.1] hello\r\n{MARK}face {face}\r\n[    2.0] x {MARK}tflite-runtime {classify}\n"
    assert told(console) == {"face mesh_live": 38, "face align": 1, "tflite-runtime classify": 87}


@pytest.mark.parametrize(
    ("console", "says"),
    [
        ("", "counted nothing"),
        ("Kernel panic - not syncing: no init", "no init"),
        (f"{MARK}face 'Traceback: BUN-01 no bundle'", "face failed: .*BUN-01"),
    ],
)
def test_a_machine_that_counts_nothing_is_one_line(console: str, says: str) -> None:
    with pytest.raises(EmulationError, match=says):
        told(console)


def test_nothing_in_the_machine_is_left_to_chance() -> None:
    line = " ".join(command("cortex-a72", Path("vmlinuz"), Path("initrd"), Path("console")))
    for part in ("-icount shift=0,sleep=off", "-seed 1", "-smp 1", "clock=vm", "norandmaps"):
        assert part in line
    assert not re.search(r"-drive|-netdev|-nic|-device", line)


def test_the_machine_gets_what_is_locked_whatever_machine_it_is_for() -> None:
    lock = DEVICE.read_text(encoding="utf-8")
    lines = pins(lock, [*WHEELS, *RUNTIMES])
    assert len(lines) == len(WHEELS) + 2 and not any(";" in line for line in lines)
    assert all(re.fullmatch(r"[\w.-]+==\S+( --hash=sha256:[0-9a-f]{64})+", line) for line in lines)
    with pytest.raises(EmulationError, match="has no leftpad"):
        pins(lock, ["leftpad"])


def test_the_frame_that_is_counted_ships_with_the_repository() -> None:
    assert FRAME.is_file()


def unpacked(archive: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Name, mode and content of every entry of a newc archive."""
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701" and at % 4 == 0
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110 : at + 110 + fields[11] - 1].decode()
        start = (at + 110 + fields[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            return
        yield name, fields[1], archive[start : start + fields[6]]
        at = (start + fields[6] + 3) // 4 * 4


def test_a_ram_disk_holds_files_folders_and_links_below_their_names(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "usr" / "bin").mkdir(parents=True)
    other.mkdir()
    (one / "usr" / "bin" / "python").write_bytes(b"\x7fELF!")
    (one / "usr" / "bin" / "python").chmod(0o755)
    (one / "usr" / "bin" / "py").symlink_to("python")
    (other / "empty").touch()
    cpio.write(tmp_path / "disk", [(one, ""), (other, "bench/it")])
    found = {name: (oct(mode), content) for name, mode, content in unpacked((tmp_path / "disk").read_bytes())}
    assert found["usr/bin/python"] == ("0o100755", b"\x7fELF!")
    assert found["usr/bin/py"] == ("0o120777", b"python")
    assert found["bench/it/empty"][1] == b"" and found["bench/it"][0] == "0o40755"
    assert list(found).index("usr/bin") < list(found).index("usr/bin/python"), "a folder comes before what is in it"
