"""The photo protocol: six poses, each of which may be left out; an album is shown once it is durable."""

from __future__ import annotations

import pytest

from firmware.face.quality import Advice, Verdict
from firmware.face.wanted import PROTOCOL
from kiosk.session import Session, State, Task
from kiosk.session.events import (
    Again,
    AssessmentFailed,
    Back,
    Count,
    Finish,
    Keep,
    Kept,
    Leave,
    Next,
    Skip,
    Take,
    Taken,
    Tick,
)
from kiosk.session.states import BACK_TO_IDLE_S, Album, Trouble
from tests.kiosk.factories import portrait
from tests.kiosk.session.visit import Visit

POSES = [wanted.name for wanted in PROTOCOL]


@pytest.fixture
def photos(visit: Visit) -> Visit:
    """A subject of whom photos are to be taken."""
    assert visit.come(task=Task.PHOTOS) is State.POSITIONING
    return visit


def _taken(visit: Visit) -> list[str]:
    return [one.wanted.name for one in visit.session.album.portraits]


def test_all_six_poses_are_asked_for_in_turn_and_kept_together(photos: Visit) -> None:
    asked = []
    for shot, wanted in enumerate(PROTOCOL):
        assert (photos.session.shot, photos.session.wanted) == (shot, wanted)
        state = photos.photographed()
        asked.append(photos.asked[shot])
        assert state is (State.POSITIONING if shot + 1 < len(PROTOCOL) else State.ANALYSING)
    assert [job.wanted.name for job in asked if isinstance(job, Take)] == POSES
    keep = photos.asked[-1]
    assert isinstance(keep, Keep) and isinstance(keep.answer, Album) and len(photos.asked) == len(PROTOCOL) + 1
    assert [one.wanted.name for one in keep.answer.portraits] == POSES
    assert keep.intake.consent.photos
    assert photos.kept() is State.RESULT
    assert _taken(photos) == POSES and photos.session.assessment is None


def test_a_series_is_shown_only_once_it_is_durable(photos: Visit) -> None:
    for _ in PROTOCOL:
        photos.photographed()
    assert photos.after(1, Kept(photos.session.since_ns + 1)) is State.ANALYSING
    assert photos.after(1, Taken(portrait(), photos.session.since_ns)) is State.ANALYSING, "the album is closed"
    assert photos.kept() is State.RESULT


def test_a_pose_that_is_left_out_is_not_in_the_album(photos: Visit) -> None:
    photos.photographed()
    assert photos.after(1, Skip()) is State.POSITIONING
    for _ in PROTOCOL[2:]:
        photos.photographed()
    assert _taken(photos) == [name for name in POSES if name != "left45"]


def test_leaving_out_the_last_pose_keeps_the_others(photos: Visit) -> None:
    for _ in PROTOCOL[:-1]:
        photos.photographed()
    assert photos.after(1, Skip()) is State.ANALYSING
    keep = photos.asked[-1]
    assert isinstance(keep, Keep) and isinstance(keep.answer, Album)
    assert [one.wanted.name for one in keep.answer.portraits] == POSES[:-1]
    assert photos.kept() is State.RESULT


def test_leaving_out_every_pose_leaves_nothing(photos: Visit) -> None:
    states = [photos.after(1, Skip()) for _ in PROTOCOL]
    assert states == [*[State.POSITIONING] * (len(PROTOCOL) - 1), State.IDLE]
    assert photos.asked == [], "there is nothing to keep"
    assert photos.session == Session(State.IDLE, photos.session.since_ns, ())


def test_a_photo_that_is_taken_again_keeps_the_others(photos: Visit) -> None:
    photos.photographed()
    assert photos.photographed(Verdict.BLOCK, Advice.TURN_LEFT) is State.RETAKE
    assert photos.session.reason is Advice.TURN_LEFT
    assert _taken(photos) == ["frontal"], "a photo that no laboratory can use is not in the album"
    assert photos.after(1, Again()) is State.POSITIONING
    assert photos.session.wanted == PROTOCOL[1]
    photos.photographed()
    assert _taken(photos) == ["frontal", "left45"]


def test_a_photo_without_an_advice_still_says_something(photos: Visit) -> None:
    assert photos.photographed(Verdict.BLOCK) is State.RETAKE
    assert photos.session.reason is Trouble.FEW_PICTURES


def test_a_pose_that_does_not_come_right_can_be_left_out(photos: Visit) -> None:
    photos.photographed()
    photos.photographed(Verdict.BLOCK, Advice.TURN_LEFT)
    assert photos.after(1, Skip()) is State.POSITIONING
    assert (photos.session.wanted, _taken(photos)) == (PROTOCOL[2], ["frontal"])


@pytest.mark.parametrize("how", [Again(), Skip()])
def test_an_album_that_could_not_be_kept_can_be_tried_again(how: Again | Skip, photos: Visit) -> None:
    for _ in PROTOCOL:
        photos.photographed()
    failed = AssessmentFailed("REC-05 full", photos.session.since_ns, Trouble.NOT_KEPT)
    assert photos.after(1, failed) is State.RETAKE
    assert (photos.session.reason, _taken(photos)) == (Trouble.NOT_KEPT, POSES)
    photos.after(1, how)
    if isinstance(how, Again):
        photos.photographed()
    keep = photos.asked[-1]
    assert isinstance(keep, Keep) and isinstance(keep.answer, Album)
    assert sorted(one.wanted.name for one in keep.answer.portraits) == sorted(POSES), "each pose once"
    assert keep.ticket == photos.session.since_ns
    assert photos.kept() is State.RESULT


def test_a_photo_of_somebody_who_left_is_nobodys(photos: Visit) -> None:
    photos.take_picture()
    ticket = photos.session.since_ns
    photos.after(0.1, Leave())
    assert photos.after(1, Taken(portrait(), ticket)) is State.IDLE
    photos.come(photos.now_s + 1, Task.PHOTOS)
    photos.take_picture()
    assert photos.after(1, Taken(portrait(), ticket)) is State.ANALYSING
    assert _taken(photos) == []


def test_going_back_leads_to_the_pose_before_and_keeps_its_photo(photos: Visit) -> None:
    photos.photographed()
    photos.photographed()
    assert photos.after(1, Back()) is State.POSITIONING
    assert photos.session.wanted == PROTOCOL[1] and len(photos.session.album.portraits) == 2
    photos.photographed()
    assert len(photos.session.album.portraits) == 2, "the new photo takes the old one's place"


def test_going_back_from_the_first_pose_leads_to_the_subject_with_an_empty_album(photos: Visit) -> None:
    assert photos.after(1, Back()) is State.SUBJECT
    assert (photos.session.album, photos.session.shot) == (Album(), 0)


def test_finishing_early_keeps_what_was_taken(photos: Visit) -> None:
    photos.photographed()
    assert photos.after(1, Finish()) is State.ANALYSING
    keep = photos.asked[-1]
    assert isinstance(keep, Keep) and isinstance(keep.answer, Album) and len(keep.answer.portraits) == 1
    photos.kept()
    assert photos.session.state is State.RESULT


def test_finishing_without_a_photo_leaves_nothing(photos: Visit) -> None:
    assert photos.after(1, Finish()) is State.IDLE
    assert photos.asked == []


def test_photos_of_somebody_who_walked_away_are_kept(photos: Visit) -> None:
    photos.photographed()
    photos.after(BACK_TO_IDLE_S[State.POSITIONING] + 1, Tick())
    assert photos.session.state is State.ANALYSING and photos.session.pending is not None


def test_a_series_that_was_shown_is_taken_anew_from_the_first_pose(photos: Visit) -> None:
    for _ in PROTOCOL:
        photos.photographed()
    photos.kept()
    assert photos.after(1, Again()) is State.POSITIONING
    assert (photos.session.album, photos.session.wanted) == (Album(), PROTOCOL[0])


def test_the_next_subject_has_an_empty_album(photos: Visit) -> None:
    for _ in PROTOCOL:
        photos.photographed()
    photos.kept()
    assert photos.after(1, Next()) is State.CONSENT
    assert (photos.session.task, photos.session.album, photos.session.shot) == (Task.PHOTOS, Album(), 0)


def test_screening_has_no_pose_to_leave_out(visit: Visit) -> None:
    visit.come()
    before = visit.session
    assert visit.after(1, Skip()) is State.POSITIONING
    assert visit.session is before


def test_photos_are_counted_as_such(photos: Visit) -> None:
    for _ in PROTOCOL:
        photos.photographed()
    photos.kept()
    (count,) = [effect for effect in photos.effects if isinstance(effect, Count)]
    assert (count.what, count.key) == ("subject", "photos")
