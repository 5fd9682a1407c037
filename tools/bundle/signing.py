"""The commands of those who release: key, root, sign, publish, verify, inspect."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from firmware.bundle.anchor import DEMONSTRATION, anchor_of
from firmware.bundle.manifest import MANIFEST, Manifest, read_manifest
from firmware.bundle.source import find_publication
from firmware.bundle.trust import verify_anew
from firmware.bundle.verify import load_bundle
from tools.bundle.keys import ask_passphrase, make_key, read_public, read_signer
from tools.bundle.publication import Publication
from tools.bundle.roots import PRETTY, Holders, make_root, read_root, sign_root
from tools.files import write_atomic

SEEN_DAYS: Final = 400
"""How long a publication is good for: a stick that a camp takes along for a year, and not for ever."""
ROOT_DAYS: Final = 3650


def key(options: argparse.Namespace) -> int:
    """Make somebody's key."""
    passphrase = None if options.published else ask_passphrase(options.name, twice=True)
    path = make_key(options.name, options.out, passphrase)
    print(f"{path} stays with {options.name}; {path.with_suffix('.pub')} goes into the root")
    return 0


def root(options: argparse.Namespace) -> int:
    """Write a root, or sign one that is there."""
    if options.names:
        holders = Holders(*([read_public(path) for path in paths] for paths in options.names))
        before = read_root(options.after) if options.after else None
        write_atomic(options.root, make_root(holders, options.until, before).to_bytes(PRETTY))
    _missing(options.root, sign_root(options.root, [read_signer(path) for path in options.key]))
    return 0


def sign(options: argparse.Namespace) -> int:
    """Release a bundle: the draft that names it, and one person's signature, or several."""
    publication, signers = Publication(options.publication), [read_signer(path) for path in options.key]
    if options.root:
        publication.start(options.root)
    publication.check(signers)
    version = publication.draft(publication.hold(options.bundle), options.published)
    _missing(options.bundle, publication.sign(version, signers))
    return 0


def publish(options: argparse.Namespace) -> int:
    """Date what is signed, then read it as a device would."""
    Publication(options.publication).publish([read_signer(path) for path in options.key], options.until)
    return check_publication(options)


def check_publication(options: argparse.Namespace) -> int:
    """Read a publication as a device does that has never seen one."""
    folder = find_publication(options.publication)
    signed = verify_anew(folder, anchor_of(options.trusted), datetime.now(UTC))
    for path in signed.targets:
        manifest = load_bundle(folder / Path(path).parent).manifest
        print(f"{path}: {manifest.id} {manifest.version}, signed, published {signed.published:%Y-%m-%d}")
    return 0


def inspect(options: argparse.Namespace) -> int:
    """Print what a bundle says of itself, or each bundle of a publication."""
    folder: Path = options.folder
    places = [folder] if (folder / MANIFEST).is_file() else sorted(find_publication(folder).glob(f"*/{MANIFEST}"))
    for place in places:
        print("\n".join(_facts(read_manifest(place if place.is_dir() else place.parent))))
    return 0


def _facts(manifest: Manifest) -> list[str]:
    release, size = manifest.release, sum(entry.size_bytes for entry in manifest.files.values())
    return [
        f"{manifest.id} {manifest.version}, {'clinical' if manifest.clinical else 'not clinical'}",
        f"  security epoch {release.security_epoch}; software {release.least} to below {release.below}; "
        f"{', '.join(release.machines)}; {manifest.mesh_backend}",
        f"  {', '.join(label.name for label in manifest.labels)}",
        f"  at most {release.budget.latency_ms:g} ms a crop and {release.budget.memory_mib:g} MiB; "
        f"{len(manifest.files)} files, {size / 2**20:.1f} MiB",
    ]


def _missing(what: Path, names: list[str]) -> None:
    print(f"{what}: {'signatures wanted of ' + ', '.join(names) if names else 'signed by enough'}")


def register(actions: Any) -> None:
    """Add the commands."""
    keys = _command(actions, "key", "make the key of one person", key)
    keys.add_argument("name", help="who holds it")
    keys.add_argument("--out", type=Path, required=True, metavar="DIR")
    keys.add_argument("--published", action="store_true", help="without passphrase: for demonstrations only")
    roots = _command(actions, "root", "say who may sign, or sign that", root)
    roots.add_argument("root", type=Path, metavar="ROOT.json")
    roots.add_argument(
        "--names", nargs=3, type=_paths, metavar=("A,B,C", "ENGINEER,CLINICIAN", "RELEASE"), help="their .pub files"
    )
    roots.add_argument("--after", type=Path, metavar="OLD.json", help="the root that it replaces")
    roots.add_argument("--until", type=_date, default=_in(ROOT_DAYS), metavar="DATE")
    signs = _command(actions, "sign", "release a bundle, as one of those who may", sign)
    signs.add_argument("bundle", type=Path, metavar="BUNDLE")
    signs.add_argument("--publication", type=Path, required=True, metavar="DIR")
    signs.add_argument("--root", type=Path, metavar="ROOT.json", help="of a new publication, or the next one")
    signs.add_argument("--published", type=_date, default=_in(0), metavar="DATE", help="date that is signed")
    publishes = _command(actions, "publish", "date what is signed, so that devices see it", publish)
    publishes.add_argument("--until", type=_date, default=_in(SEEN_DAYS), metavar="DATE", help="good until")
    verifies = _command(actions, "verify", "read a publication as a device does", check_publication)
    for one in (publishes, verifies):
        one.add_argument("publication", type=Path, metavar="DIR")
        one.add_argument("--trusted", type=Path, default=DEMONSTRATION, metavar="ROOT.json", help="whom to believe")
    for one in (roots, signs, publishes):
        one.add_argument("--key", type=Path, action="append", default=[], metavar="NAME.key")
    inspects = _command(actions, "inspect", "what a bundle or a publication says", inspect)
    inspects.add_argument("folder", type=Path, metavar="DIR")


def _command(actions: Any, name: str, what: str, action: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what)
    parser.set_defaults(action=action)
    return parser


def _paths(word: str) -> list[Path]:
    return [Path(part) for part in word.split(",")]


def _date(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def _in(days: int) -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
