"""How fast the vault is, in a fresh state folder: `python -m tools.bench_records [--records 100000] [--state FOLDER]`.

Prints one JSON object: median milliseconds of a commit with a photo of 500 kB (also sealed to a programme), of opening,
of finding one subject by the camp number, and of the day report, each among that many records.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyrage

from firmware.clock import ManualClock
from firmware.syndrome.decision import Outcome
from kiosk.records.policy import Policy
from kiosk.records.record import Consent, Pictures, Record
from kiosk.records.sealing import Programme
from kiosk.records.secret import FILE, FileSecret
from kiosk.records.vault import Vault

START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
A_DAY: Final = 200
PHOTO_BYTES: Final = 500_000
BATCH: Final = 1000
TIMES: Final = 15


def a_record(number: int) -> Record:
    """The record of the n-th screening, two hundred a day."""
    day, place = divmod(number, A_DAY)
    return Record(
        id=f"{number:032x}",
        at=START + timedelta(days=day, minutes=2 * place),
        time_trusted=True,
        site="bench",
        camp_number=f"C-{number}",
        age_years=4.5,
        sex="F",
        skin_tone=6,
        consent=Consent(photos=True, at=START),
        bundle_id="phantom",
        bundle_version="1",
        clinical=False,
        outcome=list(Outcome)[number % 3],
        affected=0.5,
        reasons=("bench",),
        ranking=(),
        prediction_set=(),
        measurements=(),
        terms=(),
        neighbours=(),
        frames_used=5,
    )


def median_ms(step: Callable[[], object], times: int = TIMES) -> float:
    """The median duration of a step."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        step()
        taken.append(1000 * (time.perf_counter() - begun))
    return round(statistics.median(taken), 2)


def bench(state: Path, records: int) -> dict[str, float]:
    """Fill a vault and measure it."""
    programme = Programme(str(pyrage.x25519.Identity.generate().to_public()))
    days = timedelta(days=records // A_DAY + 2)
    policy = Policy(retention_days=3650, programme=programme, room_bytes=0)

    def opened() -> Vault:
        return Vault(state, FileSecret(state / FILE), ManualClock(START + days), policy)

    vault = opened()
    for first in range(0, records, BATCH):
        with vault._database.transaction():  # one commit for many, or this takes a night
            for number in range(first, min(first + BATCH, records)):
                vault.add(a_record(number))
    pictures = Pictures(os.urandom(PHOTO_BYTES), os.urandom(20_000), ((0.0, 0.0),) * 5)
    numbers = iter(range(records, records + 1000))
    commit = median_ms(lambda: vault.add(replace(a_record(next(numbers)), at=START), pictures), 41)
    middle = records // 2
    day = (START + timedelta(days=middle // A_DAY)).astimezone().date()
    found = median_ms(lambda: vault.shelf.find(f"C-{middle}"))
    report = median_ms(lambda: vault.shelf.day_report(day))
    vault.close()
    opening = median_ms(lambda: opened().close(), 5)
    return {"records": records, "commit_500kb_ms": commit, "find_ms": found, "report_ms": report, "open_ms": opening}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_records", description="How fast the vault is.")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--state", type=Path, help="an empty folder on the disk that is measured")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=said.state) as folder:
        print(json.dumps(bench(Path(folder), said.records)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
