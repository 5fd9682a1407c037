"""One subject's records in the clear, for the clinic that it is referred to. Needs the PIN, and is in the audit log.

Whoever finds such a stick can read it: so it is asked for by camp number, one subject at a time, and the file says it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from firmware.errors import RecordAbsentError
from kiosk.records.export.forms import files_of, tables
from kiosk.records.export.gestalt import GestaltSet
from kiosk.records.export.stick import put
from kiosk.records.keys import OpenedKey
from kiosk.records.vault import Vault

NAME: Final = "readable-{entries:08d}.zip"
"""Unlike an archive's, and without the camp number: a name is seen by everybody."""
WARNING: Final = "These are somebody's health records, and not sealed. Give them to the clinic and delete them here.\n"


def hand_out(vault: Vault, opened: OpenedKey, camp_number: str, stick: Path) -> str:
    """Write what the device can still read of one subject; returns the file's name.

    Raises RecordAbsentError when there is nothing, StickError, RecordDamagedError.
    """
    ids = [found.id for found in vault.shelf.find(camp_number) if found.readable]
    if not ids:
        raise RecordAbsentError("there is no record with this camp number that this device can read")
    vault.audit.append("readable export", " ".join(ids))
    head = vault.audit.head()
    files = dict(_files(vault, opened, ids, str(head)))
    name = NAME.format(entries=head.entries)
    put(stick, name, lambda file: _write(file, files))
    return name


def _files(vault: Vault, opened: OpenedKey, ids: list[str], audit_head: str) -> Iterator[tuple[str, bytes]]:
    photos = GestaltSet()
    for one in ids:
        yield from files_of(photos, *vault.read(one, opened), audit_head)
    yield from tables(photos)


def _write(file: BinaryIO, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("READ-ME.txt", WARNING)
        for name, content in files.items():
            packed.writestr(name, content)
