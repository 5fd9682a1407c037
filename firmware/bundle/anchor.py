"""Whom a device believes: the root that comes with the software, or the one its programme has given it.

A root names the keys that may sign bundles, and is itself replaced only by one that enough of its own keys have signed.
The demonstration's private keys are published, so that everybody can try the whole way; what they have signed is good
for `clinical: false` and never for more, whatever later root they sign.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.errors import BundleUnsignedError

DEMONSTRATION: Final = Path(__file__).with_name("demonstration.root.json")
PROGRAMME: Final = Path("/etc/phenokiosk/root.json")
"""Where a device looks for the root of its programme."""
LIMIT_BYTES: Final = 512_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """The first root of a chain. may_be_clinical: whether a bundle that it vouches for may be."""

    root: bytes
    may_be_clinical: bool

    @property
    def name(self) -> str:
        """What the chain is remembered by."""
        return hashlib.sha256(self.root).hexdigest()


def demonstration() -> Anchor:
    """The anchor of what ships with the software."""
    return Anchor(DEMONSTRATION.read_bytes(), may_be_clinical=False)


def anchor_of(path: Path) -> Anchor:
    """The anchor of a programme's root; the demonstration's where there is no such file. Raises BundleUnsignedError."""
    try:
        with path.open("rb") as file:
            root = file.read(LIMIT_BYTES)
    except FileNotFoundError:
        return demonstration()
    except OSError as error:
        raise BundleUnsignedError(
            f"the root {path} cannot be read ({error.strerror})", "Check the setting `bundle.root`."
        ) from error
    return Anchor(root, may_be_clinical=not _key_ids(root) & _key_ids(DEMONSTRATION.read_bytes()))


def _key_ids(root: bytes) -> set[str]:
    """The keys that a root names; none for what is no root, which nothing will be signed by either."""
    try:
        return set(json.loads(root)["signed"]["keys"])
    except (ValueError, KeyError, TypeError):
        return set()
