"""`python -m firmware analyse PHOTO...`: one answer per photo, or one for a burst of the same subject."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.analyser import Analyser
from firmware.assessment import Assessment
from firmware.backends import backend_of
from firmware.bundle.calibration import USUAL_SENSITIVITY
from firmware.bundle.verify import load_bundle
from firmware.clock import SystemClock
from firmware.commands import SHIPPED_BUNDLE
from firmware.commands.output import write_picture
from firmware.errors import PhotoError
from firmware.photo import DECODER, find_photos, read_photo
from firmware.report import as_json, as_text, unreadable_json
from firmware.site import PREVALENCE, Site
from firmware.stopwatch import Stopwatch
from firmware.subject import Subject
from firmware.syndrome.overlay import overlay

if TYPE_CHECKING:
    from firmware.commands import Subparsers

Unreadable = tuple[Path, PhotoError]


def register(subparsers: Subparsers) -> None:
    """Add the command's arguments."""
    command = subparsers.add_parser("analyse", help="analyse photos")
    command.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="JPEG or PNG file, or a folder of them")
    command.add_argument("--bundle", type=Path, default=SHIPPED_BUNDLE, help="model bundle (default: the shipped one)")
    command.add_argument("--json", action="store_true", help="one JSON object per photo and line")
    command.add_argument("--landmarks", action="store_true", help="with --json: the 478 landmarks, in pixels")
    command.add_argument("--burst", action="store_true", help="all photos are one subject: one answer")
    command.add_argument("--at", type=_place, metavar="X,Y", help="of several people the subject is there (shares)")
    command.add_argument("--looked", type=Path, metavar="DIR", help="write <photo>_looked.jpg: where the model looked")
    command.add_argument("--age", type=_number(0, 130), metavar="YEARS", help="the subject's age")
    command.add_argument("--sex", choices=("F", "M"), help="the subject's sex")
    command.add_argument(
        "--prevalence",
        type=_number(0, 1),
        default=PREVALENCE,
        metavar="P",
        help=f"share of affected people where you are ({PREVALENCE}, all births)",
    )
    command.add_argument(
        "--sensitivity",
        type=_number(0, 1),
        default=USUAL_SENSITIVITY,
        metavar="P",
        help=f"share of the affected that you want referred ({USUAL_SENSITIVITY})",
    )
    command.add_argument("--hfov", type=_number(5, 150), metavar="DEG", help="horizontal field of view of the lens")
    command.set_defaults(run=run)


def _number(low: float, high: float) -> type[float]:
    def convert(text: str) -> float:
        value = float(text)
        if not low < value < high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return value

    convert.__name__ = "number"  # what argparse names in its message
    return convert  # type: ignore[return-value]


def _place(text: str) -> tuple[float, float]:
    """A place in the picture, as shares of its width and height."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no X,Y") from error
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise argparse.ArgumentTypeError(f"{text} does not lie in the picture: both are shares, 0 to 1")
    return x, y


def run(arguments: argparse.Namespace) -> int:
    """Answer for every photo; what cannot be read is reported, and the others are still analysed."""
    DECODER.start()  # it gets ready on another core while the models are loaded
    bundle = load_bundle(arguments.bundle)
    site = Site(arguments.prevalence, arguments.sensitivity, arguments.hfov)
    with Analyser(bundle, backend_of(bundle).stills(), site=site) as analyser:
        session = _Session(analyser, arguments)
        bursts: Iterable[Sequence[Path]] = (
            [arguments.photos] if arguments.burst else ([path] for path in arguments.photos)
        )
        for paths in bursts:
            session.answer(paths)
    return 2 if session.failed else 0


def write_looked(path: Path, assessment: Assessment) -> None:
    """Write where the model looked; nothing for a photo that was not answered for."""
    if assessment.looked is not None and assessment.best.crop is not None:
        write_picture(path, overlay(assessment.best.crop, assessment.looked))


class _Session:
    """What stays the same from photo to photo. failed: something that was asked for could not be read."""

    def __init__(self, analyser: Analyser, arguments: argparse.Namespace) -> None:
        self._analyser = analyser
        self._json = bool(arguments.json)
        self._landmarks = bool(arguments.landmarks)
        self._burst = bool(arguments.burst)
        self._subject = Subject(arguments.age, arguments.sex)
        self._at, self._looked = arguments.at, arguments.looked
        self.failed = False

    def answer(self, paths: Sequence[Path]) -> None:
        """Print the answers for these photos and folders, in this order: one each, or one for a burst of them all."""
        photos, unreadable = self._find(paths)
        if self._burst:
            self._answer(photos, unreadable)
            return
        if unreadable:
            self._answer([], unreadable)
        for photo in photos:
            self._answer([photo], [])

    def _find(self, paths: Sequence[Path]) -> tuple[list[Path], list[Unreadable]]:
        photos: list[Path] = []
        unreadable: list[Unreadable] = []
        for path in paths:
            try:
                photos += find_photos([path])
            except PhotoError as error:
                unreadable.append(self._reported(path, error))
        return photos, unreadable

    def _answer(self, photos: Sequence[Path], unreadable: list[Unreadable]) -> None:
        """Print one answer for these photos of one subject, also when none of them can be read."""
        watch = Stopwatch(SystemClock())
        frames = []
        for sequence, photo in enumerate(photos):
            try:
                with watch.stage("decode"):
                    frames.append(read_photo(photo, sequence))
            except PhotoError as error:
                unreadable.append(self._reported(photo, error))
        if frames:
            answer = self._analyser.assess(frames, watch=watch, subject=self._subject, pointed=self._at)
            self._print(answer, unreadable)
        elif self._json:
            self._print_unreadable(unreadable)

    def _reported(self, path: Path, error: PhotoError) -> Unreadable:
        self.failed = True
        print(error, file=sys.stderr)
        return path, error

    def _print(self, assessment: Assessment, unreadable: Sequence[Unreadable]) -> None:
        name = str(assessment.best.guidance.frame.source["photo"])
        if self._looked:
            write_looked(self._looked / f"{Path(name).stem}_looked.jpg", assessment)
        if self._json:
            left_out = [str(path) for path, _ in unreadable]
            answer = as_json(name, assessment, with_landmarks=self._landmarks, unreadable=left_out)
            print(json.dumps(answer), flush=True)
        else:
            print(as_text(name, assessment), flush=True)

    def _print_unreadable(self, unreadable: Sequence[Unreadable]) -> None:
        names, error = [str(path) for path, _ in unreadable], unreadable[-1][1]
        manifest = self._analyser.manifest
        print(
            json.dumps(unreadable_json(names, manifest, error, signed=False, with_landmarks=self._landmarks)),
            flush=True,
        )
