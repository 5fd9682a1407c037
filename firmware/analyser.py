"""The way of a frame, in one place: Frame -> mesh -> quality -> align -> classify -> decide -> Assessment.

Three questions are asked of it:

- `guide(frame)`, many times a second: what should the person in front of the camera do?
- `assess(frames)`, once: what does this face resemble? Every frame is looked at afresh, as a still, the way the
  crops were made that the classifier was trained on.
- `take(frames, wanted)`, once for each pose of the photo protocol: which of these is the picture to keep?

`guide` may run in another thread than `assess` and `take`, since it shares no model with them; two calls of the same
one, or of `assess` and `take`, may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Self

from firmware.assessment import Assessment, Guidance, Status, Still
from firmware.bundle.manifest import Manifest
from firmware.bundle.verify import Bundle
from firmware.clock import Clock, SystemClock
from firmware.errors import BundleManifestError
from firmware.face.align import align
from firmware.face.anthropometry import Measurements, Optics, card_scale, measure
from firmware.face.mesh import FaceMesh, FaceMesher
from firmware.face.others import blur_others, choose
from firmware.face.pose import Pose, head_pose
from firmware.face.quality import QualityReport, Verdict, assess_quality
from firmware.face.refine import cascade, look
from firmware.face.wanted import WantedPose
from firmware.frame import Frame
from firmware.portrait import Portrait, portrait_of
from firmware.site import Site
from firmware.stopwatch import Stopwatch
from firmware.subject import Subject
from firmware.syndrome.decision import Context, Decision, Outcome, decide
from firmware.syndrome.doubts import FEW_PICTURES, MATTERS, TWO_PEOPLE
from firmware.syndrome.evidence import Evidence, Recogniser
from firmware.syndrome.saliency import Saliency, shares

LIVE_FRAMES: Final = 5
"""Good frames that a live answer is fused over."""
JUDGE_EVERY: Final = 4
JUDGE_EVERY_NS: Final = 100_000_000
"""Live, a face that holds still is judged anew after so many frames or so long; what is kept is judged again."""
HARDLY: Final = 0.05
"""Eyes that moved by less than this share of their distance since the face was judged have hardly moved."""
Place = tuple[float, float]
"""A place in the picture, as shares of its width and height."""


class Analyser:
    """All stages for one bundle."""

    def __init__(
        self,
        bundle: Bundle,
        stills: FaceMesher,
        tracker: FaceMesher | None = None,
        clock: Clock | None = None,
        site: Site | None = None,
    ) -> None:
        if bundle.manifest.mesh_backend != stills.backend:
            raise BundleManifestError(
                f"the bundle was trained with {bundle.manifest.mesh_backend}, here runs {stills.backend}"
            )
        self._bundle = bundle
        self._stills = stills
        self._tracker = tracker or stills
        self._clock = clock or SystemClock()
        self._site = site or Site()
        self._recogniser = Recogniser(bundle)
        self._saliency = Saliency(bundle)
        cascade()  # is read from its file now, not while somebody waits for an answer
        self._guided: Guidance | None = None
        self._guided_for: WantedPose | None = None
        self._unjudged = 0

    @property
    def manifest(self) -> Manifest:
        """What the running bundle says of itself."""
        return self._bundle.manifest

    def guide(self, frame: Frame, pointed: Place | None = None, wanted: WantedPose | None = None) -> Guidance:
        """Look at one live frame. pointed: where the operator says that the subject is, when there are several.

        wanted: the pose that is to be photographed, and judged; None for a screening.
        """
        watch = Stopwatch(self._clock)
        faces = self._find(frame, self._tracker, watch, pointed)
        before = self._guided if wanted == self._guided_for else None
        if before and self._unjudged + 1 < JUDGE_EVERY and _alike(before, frame, faces):
            self._unjudged += 1
            return replace(before, frame=frame, faces=faces, timing_ms=watch.timing_ms())
        self._guided, self._unjudged = self._judge(frame, faces, watch, pointed, wanted), 0
        self._guided_for = wanted
        return self._guided

    def assess(
        self,
        frames: Sequence[Frame],
        least_good: int = 1,
        watch: Stopwatch | None = None,
        subject: Subject | None = None,
        pointed: Place | None = None,
    ) -> Assessment:
        """Answer for the one subject of all these frames; refused unless `least_good` of them pass the gate.

        watch: carries on a caller's count of stages (such as decoding). pointed: as of `guide`; who else is in the
        frames is made unrecognisable in what the assessment keeps. Raises ValueError without frames.
        """
        if not frames:
            raise ValueError("an assessment needs at least one frame")
        watch = watch or Stopwatch(self._clock)
        stills = [self._still(frame, watch, pointed) for frame in frames]
        good = [still for still in stills if still.views]
        best = max(good or stills, key=lambda still: _goodness(still.guidance.quality))
        if len(good) < max(least_good, 1):
            assessment = self._refusal(best, len(good))
        else:
            assessment = self._answer(best, good, subject or Subject(), watch)
        return replace(assessment, timing_ms=watch.timing_ms())

    def take(self, frames: Sequence[Frame], wanted: WantedPose, pointed: Place | None = None) -> Portrait:
        """The best of these frames as the picture of a pose; not `good` where none passes the gate of that pose.

        pointed: as of `guide`; who else is in the frame is made unrecognisable. Raises ValueError without frames.
        """
        if not frames:
            raise ValueError("a portrait needs at least one frame")
        watch = Stopwatch(self._clock)
        looks = [
            self._judge(frame, self._find(frame, self._stills, watch, pointed), watch, pointed, wanted)
            for frame in frames
        ]
        best = max(looks, key=lambda look: _goodness(look.quality))
        return portrait_of(best, wanted, len(looks), self._stills.backend, self._site.hfov_deg)

    def close(self) -> None:
        """Give the models' memory back."""
        self._stills.close()
        if self._tracker is not self._stills:
            self._tracker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _find(self, frame: Frame, mesher: FaceMesher, watch: Stopwatch, pointed: Place | None) -> tuple[FaceMesh, ...]:
        with watch.stage("mesh"):
            faces = mesher.find(frame)
            return choose(faces, pointed[0] * frame.width, pointed[1] * frame.height) if pointed else faces

    def _judge(
        self,
        frame: Frame,
        faces: tuple[FaceMesh, ...],
        watch: Stopwatch,
        pointed: Place | None,
        wanted: WantedPose | None = None,
        pose: Pose | None = None,
    ) -> Guidance:
        hfov_deg, chosen = self._site.hfov_deg, pointed is not None
        with watch.stage("quality"):
            pose = pose or (head_pose(faces[0]) if faces else None)
            quality = assess_quality(frame, faces, pose, hfov_deg=hfov_deg, chosen=chosen, wanted=wanted)
        return Guidance(frame, faces, pose, quality, watch.timing_ms())

    def _still(self, frame: Frame, watch: Stopwatch, pointed: Place | None) -> Still:
        faces = self._find(frame, self._stills, watch, pointed)
        with watch.stage("refine"):
            refined = look(frame, faces[0]) if faces else None
        guidance = self._judge(frame, faces, watch, pointed, pose=refined.pose if refined else None)
        seen = (refined.mesh, *faces[1:]) if refined else faces
        guidance = replace(guidance, frame=blur_others(frame, faces), faces=seen)
        if guidance.quality.verdict is Verdict.BLOCK:
            return Still(guidance)
        with watch.stage("align"):
            crop = align(frame, faces[0])  # by the mesh as it was found: so were the crops of the training
        with watch.stage("classify"):
            return Still(guidance, crop, self._recogniser.see(crop, guidance.faces[0]))

    def _answer(self, best: Still, good: Sequence[Still], subject: Subject, watch: Stopwatch) -> Assessment:
        with watch.stage("decide"):
            evidence = self._recogniser.evidence([still.views for still in good if still.views])
            if evidence.apart > self.manifest.calibration.same_person_limit:
                return self._two_people(best, len(good), evidence)
            context = Context(subject, self._site, _warned(best.guidance.quality))
            decision = decide(evidence, self.manifest, context)
        with watch.stage("measure"):
            measured = self._measure(best.guidance, subject)
        answer = self._assessment(Status.OK, decision, best, len(good))
        return self._explained(replace(answer, measured=measured, neighbours=evidence.neighbours))

    def _measure(self, guidance: Guidance, subject: Subject) -> Measurements:
        frame, hfov_deg = guidance.frame, self._site.hfov_deg
        scale = card_scale(frame, hfov_deg=hfov_deg)
        return measure(guidance.faces[0], subject, scale, Optics(frame.width, frame.height, hfov_deg))

    def _two_people(self, best: Still, good: int, evidence: Evidence) -> Assessment:
        said = f"the pictures show more than one person (distance {evidence.apart:.2f}): take them again of one person"
        return self._assessment(
            Status.REFUSED, Decision(Outcome.INCONCLUSIVE, (said,), doubts=(TWO_PEOPLE,)), best, good
        )

    def _refusal(self, best: Still, good: int) -> Assessment:
        status = {0: Status.NO_FACE, 1: Status.REFUSED}.get(len(best.guidance.faces), Status.SEVERAL_FACES)
        blocking = best.guidance.quality.blocking
        reasons = tuple(f"{m.measure} {m.value:g}: {m.advice}" for m in blocking) or (f"only {good} good pictures",)
        doubts = () if blocking else (FEW_PICTURES,)
        return self._assessment(status, Decision(Outcome.INCONCLUSIVE, reasons, doubts=doubts), best, good)

    def _assessment(self, status: Status, decision: Decision, best: Still, used: int) -> Assessment:
        return Assessment(status, decision, self.manifest, self._bundle.signed, best, used)

    def _explained(self, answer: Assessment) -> Assessment:
        """The answer with where the model looked for its first label, on the best frame."""
        still, first = answer.best, answer.decision.ranking[0].id
        if still.crop is None or still.views is None:
            return answer
        looked = self._saliency.map(still.views.plain, [label.id for label in self.manifest.labels].index(first))
        return replace(answer, looked=looked, saliency=shares(looked, still.crop, still.guidance.faces[0]))


def _alike(judged: Guidance, frame: Frame, faces: Sequence[FaceMesh]) -> bool:
    """Whether it was a moment ago, as many faces are there as then, and the subject has hardly moved."""
    recent = frame.monotonic_ns - judged.frame.monotonic_ns < JUDGE_EVERY_NS
    if not (recent and faces and len(judged.faces) == len(faces)):
        return False
    return faces[0].moved_since(judged.faces[0]) < HARDLY


def _warned(quality: QualityReport) -> tuple[str, ...]:
    """The measures that warn and could change an answer."""
    return tuple(m.measure for m in quality.measures if m.verdict is Verdict.WARN and m.measure in MATTERS)


def _goodness(quality: QualityReport) -> tuple[int, int]:
    """Sorts reports: first by the worst verdict, then by the lowest score."""
    return -quality.verdict.badness, min(m.score for m in quality.measures)
