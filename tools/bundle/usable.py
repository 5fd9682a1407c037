"""A bundle in a folder, opened as the device opens it. Rule: no torch, so whoever signs a bundle needs none."""

from __future__ import annotations

from pathlib import Path

from firmware.bundle.verify import Bundle, load_bundle
from firmware.syndrome.evidence import Recogniser
from firmware.syndrome.saliency import Saliency


def usable(folder: Path) -> Bundle:
    """The bundle in a folder, opened by all of the device's own readers; their errors for what they cannot use."""
    return opened(load_bundle(folder))


def opened(bundle: Bundle) -> Bundle:
    """This bundle, if the device's readers can use it."""
    for reader in (Recogniser, Saliency):
        reader(bundle)
    return bundle
