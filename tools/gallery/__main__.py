"""The gallery of a bundle: `python -m tools.gallery list|add|remove|encode|match|build`.

list BUNDLE                                        syndromes, subjects and faces
add BUNDLE PHOTO... --syndrome OMIM:1 --name N     photos become references; or --table CSV with a folder of photos
remove BUNDLE --image ID... | --subject ID... | --syndrome ID...
encode --bundle B PHOTO... --out all_encodings.csv         GestaltMatcher's encodings
match --cases all_encodings.csv --bundle B --out DIR       GestaltMatcher's predictions, one JSON a photo
match --cases ... --gallery all_encodings.csv --table CSV  the same against a gallery of encodings
build --classifier FILE --data DIR... --out gallery.npz    the references of a bundle that is being built
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from firmware.bundle.verify import load_bundle
from firmware.photo import find_photos
from firmware.syndrome.gallery import references_of
from tools.dataset import load_folders
from tools.errors import UsageError, run_main
from tools.files import write_npz
from tools.gallery.building import SUBJECTS_PER_CLASS, gallery, model_at
from tools.gallery.matching import encode, match
from tools.gallery.tables import additions_of, names_of
from tools.gallery.update import Addition, added, update, without


def build(options: argparse.Namespace) -> None:
    """Write the gallery of labelled folders."""
    model = model_at(options.classifier)
    write_npz(options.out, gallery(model, load_folders(options.data), options.per_class).arrays())


def show(options: argparse.Namespace) -> None:
    """Print each syndrome with its faces, and each face with --faces."""
    known = references_of(load_bundle(options.bundle))
    count = Counter(known.syndromes.tolist())
    for i, (syndrome, name) in enumerate(zip(known.syndrome_ids, known.syndrome_names, strict=True)):
        people = {s for s, mine in zip(known.subjects, known.syndromes, strict=True) if mine == i}
        print(f"{syndrome}\t{name}\t{len(people)} subjects\t{count[i]} faces")
    if options.faces:
        for syndrome, subject, image_id in zip(known.syndromes, known.subjects, known.image_ids, strict=True):
            print(f"{known.syndrome_ids[syndrome]}\t{subject}\t{image_id}")
    print(f"{len(known.image_ids)} faces, {known.flips} rows each")


def add(options: argparse.Namespace) -> None:
    """Photos become references."""
    if options.table:
        additions = additions_of(options.table, options.photos)
    elif options.syndrome:
        photos = list(find_photos(options.photos))
        additions = [
            Addition(photo, photo.name, options.subject or photo.stem.split("_", maxsplit=1)[0], options.syndrome)
            for photo in photos
        ]
    else:
        raise UsageError("there is neither --syndrome nor --table")
    names = names_of(options.syndromes) if options.syndromes else {}
    if options.name and options.syndrome:
        names = {**names, options.syndrome: options.name}
    found = update(options.bundle, lambda known, bundle: added(known, bundle, additions, names))
    print(f"{len(additions)} added, {len(found.image_ids)} faces now")


def remove(options: argparse.Namespace) -> None:
    """References leave."""
    chosen = [(field, getattr(options, field)) for field in ("image_ids", "subjects", "syndromes")]
    given = [(field, values) for field, values in chosen if values]
    if len(given) != 1:
        raise UsageError("name either --image, or --subject, or --syndrome")
    found = update(options.bundle, lambda known, _bundle: without(known, *given[0]))
    print(f"{len(found.image_ids)} faces left")


def parser() -> argparse.ArgumentParser:
    """Every action with its options."""
    made = argparse.ArgumentParser(
        prog="python -m tools.gallery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = made.add_subparsers(required=True)
    builder = actions.add_parser("build", help="the references of labelled folders")
    builder.set_defaults(action=build)
    builder.add_argument("--classifier", type=Path, required=True)
    builder.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR")
    builder.add_argument("--out", type=Path, required=True)
    builder.add_argument("--per-class", type=int, default=SUBJECTS_PER_CLASS)
    lister = actions.add_parser("list", help="what a bundle's gallery holds")
    lister.set_defaults(action=show)
    lister.add_argument("bundle", type=Path)
    lister.add_argument("--faces", action="store_true", help="each face too")
    adder = actions.add_parser("add", help="make photos references")
    adder.set_defaults(action=add)
    adder.add_argument("bundle", type=Path)
    adder.add_argument("photos", nargs="+", type=Path, help="photos or folders; with --table their one folder")
    adder.add_argument("--syndrome", metavar="ID", help="OMIM:190685, or unaffected")
    adder.add_argument("--name", help="of a syndrome that the bundle does not know yet")
    adder.add_argument("--subject", metavar="ID", help="who is shown (the file's name up to the first underscore)")
    adder.add_argument("--table", type=Path, metavar="CSV", help="image_id,subject,label")
    adder.add_argument("--syndromes", type=Path, metavar="TSV", help="syndrome_id, syndrome_name, OMIM")
    remover = actions.add_parser("remove", help="take references out")
    remover.set_defaults(action=remove)
    remover.add_argument("bundle", type=Path)
    remover.add_argument("--image", dest="image_ids", nargs="+", metavar="ID")
    remover.add_argument("--subject", dest="subjects", nargs="+", metavar="ID")
    remover.add_argument("--syndrome", dest="syndromes", nargs="+", metavar="ID")
    _add_gestaltmatcher(actions)
    return made


def _add_gestaltmatcher(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    encoder = actions.add_parser("encode", help="write all_encodings.csv of photos")
    encoder.set_defaults(action=encode)
    encoder.add_argument("photos", nargs="+", type=Path)
    encoder.add_argument("--bundle", type=Path, required=True)
    encoder.add_argument("--out", type=Path, required=True, metavar="CSV")
    matcher = actions.add_parser("match", help="write predictions of encodings")
    matcher.set_defaults(action=match)
    matcher.add_argument("--cases", type=Path, required=True, metavar="CSV")
    matcher.add_argument("--bundle", type=Path, help="whose gallery is matched against")
    matcher.add_argument("--gallery", type=Path, metavar="CSV", help="encodings to match against instead")
    matcher.add_argument("--table", type=Path, metavar="CSV", help="image_id,subject,label of --gallery")
    matcher.add_argument("--syndromes", type=Path, metavar="TSV", help="syndrome_id, syndrome_name, OMIM")
    matcher.add_argument("--out", type=Path, required=True, metavar="DIR")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one action; returns the exit status."""
    options = parser().parse_args(argv)
    options.action(options)
    return 0


if __name__ == "__main__":
    run_main(main)
