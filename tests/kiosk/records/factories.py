"""Records as a screening would leave them, without running one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from firmware.assessment import Assessment
from firmware.face.align import TEMPLATE, FaceCrop
from firmware.face.anthropometry import Measurements
from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.face.pose import Pose
from firmware.face.quality import Advice, Quality, QualityReport, Verdict
from firmware.face.wanted import PROTOCOL, WantedPose
from firmware.frame import Frame
from firmware.portrait import Portrait
from firmware.subject import Subject
from firmware.syndrome.classifier import Inference
from firmware.syndrome.evidence import Views
from firmware.syndrome.gallery import Neighbour
from firmware.syndrome.sameness import Traits
from kiosk.records.photoset import PhotoSet, jpegs_of
from kiosk.records.record import Consent, Intake, Record
from tests.kiosk.factories import assessment

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
PHOTOS = Consent(photos=True, research=True, by="guardian", at=NOW)


def seen() -> Assessment:
    """An answer with everything that a real one has: crop, embedding, measures, terms and neighbours."""
    random = np.random.default_rng(7)
    plain = assessment()
    frame = Frame(random.integers(0, 255, (360, 640, 3), np.uint8).astype(np.uint8))
    crop = FaceCrop(frame.pixels[:112, :112].copy(), np.eye(2, 3), np.arange(10.0).reshape(5, 2))
    ones = np.ones(3, np.float32)
    inference = Inference(random.normal(size=64).astype(np.float32), ones, np.ones((7, 7, 3), np.float32))
    views = Views(inference, inference, Traits(ones, ones), ones)
    still = replace(plain.best, guidance=replace(plain.best.guidance, frame=frame), crop=crop, views=views)
    measured = Measurements(
        (Measurement("en-en", 31.2, "mm", 0.4, "Farkas 1994", (30.0, 32.0), 0.1, 0.7),),
        (Term("HP:0000343", "Long philtrum", 2.6, certain=True, reliable=True, because="sn-ls above +2 SD"),),
    )
    neighbours = (Neighbour("OMIM:190685", "phantom-17", 0.31, "Down syndrome", "17"),)
    return replace(plain, best=still, measured=measured, neighbours=neighbours)


def intake(number: str | None = "A-17", consent: Consent = PHOTOS) -> Intake:
    """What was asked before the picture."""
    return Intake(Subject(4.5, "F"), number, 6, consent)


def record(number: str | None = "A-17", at: datetime = NOW, consent: Consent = PHOTOS) -> Record:
    """A record with everything in it."""
    return Record.of(seen(), at, time_trusted=True, intake=intake(number, consent), site="camp 1")


def portraits(seed: int = 7) -> tuple[Portrait, ...]:
    """Three photos of a series: one with the card, one turned, one in which no face was found."""
    random = np.random.default_rng(seed)
    rows = (
        Quality("HeadPoseYaw", 1.25, 100, Verdict.PASS, None),
        Quality("FaceGeometry", float("nan"), 0, Verdict.BLOCK, Advice.LOOK_HERE),
    )

    def portrait(wanted: WantedPose, pose: Pose | None) -> Portrait:
        small = random.integers(0, 255, (15, 20, 3), np.uint8).astype(np.uint8)
        frame = Frame(np.ascontiguousarray(small.repeat(16, axis=0).repeat(16, axis=1)))
        points = tuple((2 * x + 40, 2 * y + 10) for x, y in TEMPLATE) if pose else ()
        box = (60.0, 20.0, 230.5, 210.25) if pose else None
        quality = QualityReport(rows[: 1 if pose else 2])
        return Portrait(wanted, frame, pose, quality, points, box, None, None, 5, "face-mesh")

    frontal = portrait(PROTOCOL[0], Pose(1.5, -2.0, 0.25))
    return (
        replace(frontal, mm_per_px=0.41, grey_gains=(1.1, 1.0, 0.85)),
        portrait(PROTOCOL[1], Pose(38.0, -3.0, 1.0)),
        portrait(PROTOCOL[2], None),
    )


def photo_set(
    number: str | None = "A-17", at: datetime = NOW, consent: Consent = PHOTOS, jpegs: dict[str, bytes] | None = None
) -> tuple[PhotoSet, dict[str, bytes]]:
    """A set of photos, and the photos. jpegs: other ones, for the same poses."""
    taken = portraits()
    jpegs = jpegs or jpegs_of(taken)
    asked = intake(number, consent)
    return PhotoSet.of(taken, at, time_trusted=True, intake=asked, site="camp 1", jpegs=jpegs), jpegs
