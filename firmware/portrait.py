"""Guidance -> Portrait: one picture of the photo protocol with all that is worth knowing of it later.

A portrait is evidence, not an answer: no network has looked at it. The pixels stay as the camera gave them, apart from
other people, who are made unrecognisable; what the marker card says of scale and colour lies beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.assessment import Guidance
from firmware.face.align import five_points
from firmware.face.anthropometry.balance import Gains, grey_gains
from firmware.face.anthropometry.geometry import Optics
from firmware.face.anthropometry.marker import SIDE_MM, find_card, scale_of
from firmware.face.mesh import FaceMesh
from firmware.face.others import blur_others
from firmware.face.pose import Pose
from firmware.face.quality import Advice, QualityReport, Verdict
from firmware.face.wanted import WantedPose
from firmware.frame import Frame

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, px."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """The best frame for one wanted pose.

    pose: as Face Mesh reads it, see wanted.turn_deg; None without a face. points: eye centres, nose tip, mouth corners,
    left to right in the picture, px; box: around all landmarks; () and None without a face. mm_per_px: at the marker
    card, None without it. grey_gains: what red, green and blue (linear light) are to be multiplied with so that the
    card is grey; the pixels are not. judged: frames that it was chosen from. mesh_backend: what looked for the face.
    """

    wanted: WantedPose
    frame: Frame
    pose: Pose | None
    quality: QualityReport
    points: tuple[Point, ...]
    box: Box | None
    mm_per_px: float | None
    grey_gains: Gains | None
    judged: int
    mesh_backend: str

    @property
    def good(self) -> bool:
        """Whether it passes the gate of its pose."""
        return self.quality.verdict is not Verdict.BLOCK

    @property
    def advice(self) -> Advice | None:
        """What to do about the picture, if anything."""
        return self.quality.advice


def portrait_of(
    best: Guidance, wanted: WantedPose, judged: int, mesh_backend: str, hfov_deg: float | None = None
) -> Portrait:
    """The portrait that a judged frame is. hfov_deg: of the lens, where it is known."""
    mm_per_px, gains = _by_card(best.frame, hfov_deg)
    face = best.faces[0] if best.faces else None
    return Portrait(
        wanted=wanted,
        frame=blur_others(best.frame, best.faces),
        pose=best.pose,
        quality=best.quality,
        points=_points(face) if face else (),
        box=_box(face) if face else None,
        mm_per_px=mm_per_px,
        grey_gains=gains,
        judged=judged,
        mesh_backend=mesh_backend,
    )


def _by_card(frame: Frame, hfov_deg: float | None) -> tuple[float | None, Gains | None]:
    if (corners := find_card(frame)) is None:
        return None, None
    optics = Optics(frame.width, frame.height, hfov_deg)
    return scale_of(corners, SIDE_MM, optics).mm_per_px, grey_gains(frame, corners)


def _points(face: FaceMesh) -> tuple[Point, ...]:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in five_points(face))


def _box(face: FaceMesh) -> Box:
    flat = face.landmarks[:, :2]
    left, top, right, bottom = (round(float(v), 2) for v in (*flat.min(axis=0), *flat.max(axis=0)))
    return left, top, right, bottom
