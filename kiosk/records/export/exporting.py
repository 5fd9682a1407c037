"""Records -> archives on a stick: in parts that are each whole, verified and noted before the next begins.

Pulled out in the middle, the stick holds whole parts and perhaps a leftover, which the next export clears; what was
noted is not written again. The audit chain has the intention before the part is written, so that the head in the part
vouches for it, and the part's digest afterwards. Nothing here can read a record.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.clock import Clock
from firmware.errors import ProgrammeKeyError
from kiosk.records.audit import Head
from kiosk.records.export.archive import write_archive
from kiosk.records.export.listing import Origin
from kiosk.records.export.stick import put
from kiosk.records.record import is_time_trusted
from kiosk.records.vault import Vault

PART_RECORDS: Final = 500
"""Far below what FAT32 can hold in a file, and little to write again when a stick is pulled."""
ROOT: Final = Path("/")


def new_name() -> str:
    """A file's name that tells nothing: neither which device has written it nor how many before."""
    return f"phenokiosk-{secrets.token_hex(8)}.zip"


@dataclass(frozen=True, slots=True)
class Part:
    """One archive that is safely on the stick."""

    name: str
    records: int
    sha256: str
    head: Head


def export(vault: Vault, stick: Path, clock: Clock, *, again: bool = False, root: Path = ROOT) -> Iterator[Part]:
    """Write what is sealed to the programme and was not exported yet; yields each part once it is safe.

    again: also what was exported before. Raises StickError (what was yielded stays valid), RecordError.
    """
    if vault.programme is None:
        raise ProgrammeKeyError("no programme is set, so nothing is sealed for anybody")
    ids = vault.shelf.sealed_ids(again=again)
    for first in range(0, len(ids), PART_RECORDS):
        yield _part(vault, ids[first : first + PART_RECORDS], stick, clock, root)


def _part(vault: Vault, ids: Sequence[str], stick: Path, clock: Clock, root: Path) -> Part:
    vault.audit.append("export begins", f"{len(ids)} records")
    head = vault.audit.head()
    made_at = clock.now().isoformat(timespec="seconds")
    trusted = is_time_trusted(root)
    origin = Origin(vault.device, vault.identity.public, made_at, time_trusted=trusted, audit_head=str(head))
    name = new_name()
    assert vault.programme is not None  # noqa: S101
    seal = vault.programme.seal
    sealed = ((one, vault.shelf.sealed(one)) for one in ids)
    digest = put(stick, name, lambda file: write_archive(file, sealed, origin, seal, vault.identity))
    vault.shelf.note_export(ids, f"{name} sha256={digest}")
    return Part(name, len(ids), digest, head)
