"""The benchmark of updates runs, and an import takes little memory, however large the bundle."""

from __future__ import annotations

import re

import pytest

from tools.bench_updates import main


def test_import_of_a_large_bundle_takes_little_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--mib", "48", "--runs", "1"]) == 0
    found = re.search(r"48 MiB, 1 imports: ([\d.]+) s, ([\d.]+) MiB of memory", capsys.readouterr().out)
    assert found is not None and float(found[2]) < 24
