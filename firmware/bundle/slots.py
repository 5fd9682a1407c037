"""Where the kiosk's bundles live: two slots, one of them active. The service runs only what a slot holds.

A bundle gets into a slot only when it was verified, and becomes active only when it is durably there: a pulled plug
leaves the old one active. Layout of the root: `a/`, `b/`, `active` (one of the two
letters) and `brought` (the fingerprint of the bundle that came with the software when it was last installed).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firmware.bundle.manifest import read_manifest
from firmware.bundle.verify import Bundle, load_bundle
from firmware.durable import sync_folder, write_durably
from firmware.errors import BundleAbsentError, BundleError, StateError

SLOTS: Final = ("a", "b")
_log = logging.getLogger(__name__)


class Slots:
    """The two slots below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def active(self) -> Path | None:
        """The active slot's folder, or None before the first installation."""
        try:
            letter = (self._root / "active").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{self._root}/active cannot be read ({error.strerror})") from error
        return self._root / letter if letter in SLOTS else None

    def load(self) -> Bundle:
        """The active bundle, verified again. Raises BundleAbsentError when no slot is active."""
        if self.active is None:
            raise BundleAbsentError(f"{self._root} holds no active bundle")
        return load_bundle(self.active)

    def ensure(self, brought: Path) -> Bundle:
        """The bundle to run: what is active, unless the software brings another one than it did last time.

        A slot that is damaged is replaced by what the software brings, too: a kiosk in the field must come up again.
        Raises BundleError when what it brings cannot be used.
        """
        read_manifest(brought)  # says what is wrong with it
        fingerprint = hashlib.sha256((brought / "manifest.json").read_bytes()).hexdigest()
        if self.active and self._brought() == fingerprint:
            try:
                return self.load()
            except BundleError as error:
                _log.error("the active slot cannot be used, the bundle at %s is installed: %s", brought, error)
        bundle = self.install(brought)
        with _writing(self._root):
            write_durably(self._root / "brought", fingerprint.encode())
        return bundle

    def _brought(self) -> str:
        """SHA-256 of the manifest that the software brought last time, or nothing."""
        try:
            return (self._root / "brought").read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    def install(self, source: Path) -> Bundle:
        """Verify the bundle at `source`, copy it into the idle slot and make that one active."""
        files = load_bundle(source).manifest.files
        idle = next(self._root / letter for letter in SLOTS if self._root / letter != self.active)
        with _writing(idle):
            shutil.rmtree(idle, ignore_errors=True)
            idle.mkdir(parents=True)
            for name in (*files, "manifest.json"):
                write_durably(idle / name, (source / name).read_bytes())
            sync_folder(self._root)
        bundle = load_bundle(idle)  # read back: what was written is what will run
        with _writing(self._root):
            write_durably(self._root / "active", idle.name.encode())
        return bundle


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(f"{folder} cannot be written ({error.strerror})") from error
