"""A disk that is full or read-only at any operation: said by a condition, nothing acknowledged lost, well by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest

from firmware.errors import DiskFullError, VaultUnwritableError
from tests.faults.disk import Fault
from tests.faults.mount import mounted
from tests.faults.needs import fuse
from tests.faults.running import context, heard_from
from tests.faults.worker import Ledger, check, suffer

pytestmark = fuse

OPERATIONS: Final = 60 if "FAULTS" in os.environ else 15
"""So many operations of keeping a record fail in turn: all that there are, or the first of them."""
CODES: Final = {Fault.FULL: DiskFullError.code, Fault.READ_ONLY: VaultUnwritableError.code}


@pytest.mark.parametrize("fault", [Fault.FULL, Fault.READ_ONLY])
def test_a_disk_that_fails_is_said_and_gets_well(tmp_path: Path, fault: Fault) -> None:
    ledger = Ledger(has_pin=True)
    forking = context()
    hears, says = forking.Pipe(duplex=False)
    hears_us, tells = forking.Pipe(duplex=False)
    refused = set()
    with mounted(tmp_path) as disk:
        process = forking.Process(target=suffer, args=(tmp_path, says, hears_us))
        process.start()
        says.close()
        assert heard_from(hears) == "ready"
        for n in range(1, OPERATIONS + 1):
            disk.plan(fault, n)
            tells.send(str(n))
            assert heard_from(hears) == "tried"
            disk.plan(None)
            tells.send("it is well again")
            ill, well, conditions = heard_from(hears)
            refused.add(ill[0])
            assert well[0] == "", f"{well[0]}: not well again after operation {n}"
            assert conditions["records"]
            for number, (_, one, digest) in ((f"{n} ill", ill), (f"{n} well", well)):
                if one:
                    ledger.records[one] = (number, digest)
        tells.send(None)
        process.join(30)
        disk.cut()
        assert list(asked(forking, tmp_path, ledger)) == []
    assert refused - {""} == {f"{CODES[fault]} False"}, "the condition says it while it lasts"


def asked(forking: Any, place: Path, ledger: Ledger) -> Any:
    """What `check` finds."""
    hears, says = forking.Pipe(duplex=False)
    process = forking.Process(target=check, args=(place, ledger, says))
    process.start()
    says.close()
    while problem := heard_from(hears):
        yield problem
    process.join(30)
