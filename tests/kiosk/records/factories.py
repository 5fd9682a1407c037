"""Records as a screening would leave them, without running one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from firmware.assessment import Assessment
from firmware.face.align import FaceCrop
from firmware.face.anthropometry import Measurements
from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.frame import Frame
from firmware.subject import Subject
from firmware.syndrome.classifier import Inference
from firmware.syndrome.evidence import Views
from firmware.syndrome.gallery import Neighbour
from firmware.syndrome.sameness import Traits
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
    views = Views(inference, inference, Traits(ones, ones))
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
