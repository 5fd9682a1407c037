"""A bundle gets in by one way only, whatever is in the way, and what ran goes on running until the last step."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.bundle.anchor import DEMONSTRATION, Anchor, anchor_of
from firmware.bundle.importing import Wanted, import_bundle, look
from firmware.bundle.slots import Slots
from firmware.bundle.source import find_publication
from firmware.bundle.state import State
from firmware.clock import ManualClock
from firmware.errors import (
    BundleBusyError,
    BundleError,
    BundleExpiredError,
    BundleNotClinicalError,
    BundleProofError,
    BundleRollbackError,
    BundleRoomError,
    BundleUnsuitableError,
    PublicationAbsentError,
    PublicationAmbiguousError,
)
from tests.publishing import PHANTOM, TODAY, People, bundle_of, passes


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state" / "bundles")


@pytest.fixture
def stick(tmp_path: Path, people: People) -> Path:
    """A stick with version 1.0.0."""
    people.publish(bundle_of(tmp_path / "made"), tmp_path / "stick")
    return tmp_path / "stick"


CLOCK = ManualClock(TODAY)


def test_signed_bundle_is_installed_and_runs(stick: Path, state: State, people: People) -> None:
    done = import_bundle(people.wanted(stick), state, CLOCK)
    assert (done.slot.name, done.new) == ("phantom 1.0.0", True)
    running = Slots(state.folder, clock=CLOCK).take(PHANTOM)
    assert running.bundle.signed and running.bundle.manifest.version == "1.0.0"


def test_second_bundle_goes_on_trial_and_the_first_stays_whole(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    people.publish(bundle_of(tmp_path / "made", "2.0.0"), stick)
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    selection = state.read()
    assert selection.slots[selection.good].version == "1.0.0"
    assert selection.slots[selection.trial].version == "2.0.0"
    assert selection.tries_left == 3


def test_same_stick_again_changes_nothing(stick: Path, state: State, people: People) -> None:
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    before = state.read()
    assert import_bundle(people.wanted(stick), state, CLOCK, prover=passes).new is False
    assert state.read() == before


def test_third_bundle_takes_the_place_of_the_trial_and_never_of_the_good_one(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        people.publish(bundle_of(tmp_path / "made", version), stick)
        import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    selection = state.read()
    assert [slot.version for _, slot in sorted(selection.slots.items())] == ["1.0.0", "3.0.0"]


def test_progress_is_told_to_the_last_byte(stick: Path, state: State, people: People) -> None:
    told: list[tuple[str, int, int]] = []
    import_bundle(people.wanted(stick), state, CLOCK, lambda *step: told.append(step), passes)
    steps = [step for step, _, _ in told]
    assert list(dict.fromkeys(steps)) == ["verify", "copy", "prove", "activate"]
    assert all(0 <= done <= of for _, done, of in told)
    assert max(done for step, done, of in told if step == "copy") == next(of for step, _, of in told if step == "copy")


def test_publication_may_lie_in_its_own_folder_on_a_stick(stick: Path, tmp_path: Path) -> None:
    shutil.move(stick, tmp_path / "mnt" / "phenokiosk")
    assert find_publication(tmp_path / "mnt") == tmp_path / "mnt" / "phenokiosk"


def test_device_two_years_offline_takes_a_new_publication(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    people.publish(bundle_of(tmp_path / "made"), stick, until=TODAY + timedelta(days=30))
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    late = ManualClock(TODAY + timedelta(days=365))
    people.publish(bundle_of(tmp_path / "made", "2.0.0"), stick)
    assert import_bundle(people.wanted(stick), state, late, prover=passes).slot.version == "2.0.0"


def test_root_that_was_rotated_twice_is_followed(stick: Path, state: State, people: People, tmp_path: Path) -> None:
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    first, second, third = people, People(1), People(2)
    (stick / "metadata" / "2.root.json").write_bytes(second.root(first.root(), first))
    (stick / "metadata" / "3.root.json").write_bytes(third.root(second.root(first.root(), first), second))
    publication = _republished(stick, third, bundle_of(tmp_path / "made", "2.0.0"))
    assert publication == "phantom 2.0.0"
    assert import_bundle(people.wanted(stick), state, CLOCK, prover=passes).slot.version == "2.0.0"


def _republished(stick: Path, people: People, bundle: Path) -> str:
    from tests.publishing import LATER
    from tools.bundle.publication import Publication

    publication = Publication(stick)
    publication.sign(publication.draft(publication.hold(bundle), TODAY), people.named("engineer", "clinician"))
    publication.publish(people.named("release"), LATER)
    stated = json.loads((bundle / "manifest.json").read_text())
    return f"{stated['id']} {stated['version']}"


def _clinical(stated: dict[str, object]) -> None:
    stated["clinical"] = True


def _other_machine(stated: dict[str, dict[str, object]]) -> None:
    others = [name for name in ("aarch64", "x86_64") if name != os.uname().machine]
    stated["device"]["machines"] = others


UNSUITABLE: dict[str, Callable[[dict], object]] = {
    "other hardware": _other_machine,
    "newer software": lambda s: s["device"]["software"].update(least="9.0", below="9.1"),
    "older software": lambda s: s["device"]["software"].update(least="0.0.1", below="0.0.2"),
    "another face mesh": lambda s: s.update(mesh_backend="dlib-68"),
}


@pytest.mark.parametrize("why", UNSUITABLE)
def test_bundle_for_another_device_is_refused_in_one_line(
    why: str, tmp_path: Path, state: State, people: People
) -> None:
    people.publish(bundle_of(tmp_path / "made", change=UNSUITABLE[why]), tmp_path / "stick")
    with pytest.raises(BundleUnsuitableError, match="BUN-11") as caught:
        import_bundle(people.wanted(tmp_path / "stick"), state, CLOCK, prover=passes)
    assert "\n" not in str(caught.value)


def test_clinical_bundle_wants_other_keys_than_those_that_are_published(tmp_path: Path, state: State) -> None:
    from dataclasses import replace

    people = People()
    people.publish(bundle_of(tmp_path / "made", change=_clinical), tmp_path / "stick")
    wanted = people.wanted(tmp_path / "stick")
    demonstration = replace(wanted, anchor=replace(wanted.anchor, may_be_clinical=False))
    with pytest.raises(BundleNotClinicalError, match="BUN-12"):
        import_bundle(demonstration, state, CLOCK, prover=passes)
    assert import_bundle(wanted, state, CLOCK, prover=passes).slot.clinical


def test_stick_with_two_bundles_wants_a_name(stick: Path, state: State, people: People, tmp_path: Path) -> None:
    people.publish(bundle_of(tmp_path / "other", change=lambda s: s.update(id="other")), stick)
    with pytest.raises(PublicationAmbiguousError, match="BUN-10"):
        import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    assert import_bundle(people.wanted(stick, bundle="other"), state, CLOCK, prover=passes).slot.id == "other"


def test_stick_with_nothing_and_no_stick(tmp_path: Path, state: State, people: People) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(PublicationAbsentError, match="BUN-08"):
            import_bundle(people.wanted(place), state, CLOCK, prover=passes)


def test_full_disk_is_said_before_anything_is_written(
    stick: Path, state: State, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    people.publish(bundle_of(stick.parent / "made", "2.0.0"), stick)
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))  # type: ignore[attr-defined]
    with pytest.raises(BundleRoomError, match="BUN-14"):
        import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    assert Slots(state.folder, clock=CLOCK, prover=passes).take(PHANTOM).slot.version == "1.0.0"


def test_two_imports_at_once_do_not_meet(stick: Path, state: State, people: People) -> None:
    def meanwhile(step: str, _done: int, _of: int) -> None:
        if step == "copy":
            with pytest.raises(BundleBusyError, match="BUN-17"):
                import_bundle(people.wanted(stick), state, CLOCK, prover=passes)

    import_bundle(people.wanted(stick), state, CLOCK, meanwhile, passes)


def test_bundle_that_failed_is_not_tried_again_by_itself(stick: Path, state: State, people: People) -> None:
    def fails(*_: object) -> None:
        raise BundleProofError("it is bad")

    with pytest.raises(BundleProofError, match="it is bad"):
        import_bundle(people.wanted(stick), state, CLOCK, prover=fails)  # type: ignore[arg-type]
    with pytest.raises(BundleProofError, match="before and failed"):
        import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    assert import_bundle(people.wanted(stick, again=True), state, CLOCK, prover=passes).new


def test_bundle_below_the_floor_is_refused_though_newly_signed(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    people.publish(bundle_of(tmp_path / "made", "2.0.0", lambda s: s.update(security_epoch=7)), stick)
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    people.publish(bundle_of(tmp_path / "made", "3.0.0", lambda s: s.update(security_epoch=6)), stick)
    with pytest.raises(BundleRollbackError, match=r"epoch 6.*7 and above"):
        import_bundle(people.wanted(stick), state, CLOCK, prover=passes)


def test_audit_hears_of_what_was_installed_and_of_what_was_refused(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    with pytest.raises(BundleError):
        import_bundle(People(3).wanted(stick), state, CLOCK, prover=passes)
    assert [event.what["did"] for event in state.events()] == ["installed", "refused"]
    assert "BUN-05" in state.events()[1].what["why"]


def test_clock_that_woke_up_in_1970_makes_no_old_publication_new(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    people.publish(bundle_of(tmp_path / "made", "2.0.0"), stick, until=TODAY - timedelta(days=1))
    asleep = ManualClock(datetime(1970, 1, 1, tzinfo=UTC))
    with pytest.raises(BundleExpiredError, match=f"on {TODAY:%Y-%m-%d}"):
        import_bundle(people.wanted(stick), state, asleep, prover=passes)


def test_clock_that_is_far_ahead_is_named_in_the_line(stick: Path, state: State, people: People) -> None:
    with pytest.raises(BundleExpiredError, match=r"BUN-06.*on 2041-05-06, the date that the kiosk goes by"):
        import_bundle(people.wanted(stick), state, ManualClock(datetime(2041, 5, 6, tzinfo=UTC)), prover=passes)
    assert import_bundle(people.wanted(stick), state, CLOCK, prover=passes).new, "and is not believed for ever"


def test_date_that_was_mistyped_does_not_lock_a_device_out(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    from tools.bundle.publication import Publication

    publication = Publication(stick)
    place = publication.hold(bundle_of(tmp_path / "made", "2.0.0"))
    far = datetime(2062, 11, 21, tzinfo=UTC)
    publication.sign(publication.draft(place, far), people.named("engineer", "clinician"))
    publication.publish(people.named("release"), TODAY + timedelta(days=400))
    assert import_bundle(people.wanted(stick), state, CLOCK, prover=passes).new
    assert state.seen < TODAY + timedelta(days=400)


def test_device_that_is_given_the_next_root_remembers_what_it_accepted(
    stick: Path, state: State, people: People, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(stick, old)
    following = People(1).root(people.root(), people)
    (stick / "metadata" / "2.root.json").write_bytes(following)
    _republished(stick, People(1), bundle_of(tmp_path / "made", "2.0.0"))
    import_bundle(people.wanted(stick), state, CLOCK, prover=passes)
    (old / "metadata" / "2.root.json").write_bytes(following)
    _republished(old, People(1), bundle_of(tmp_path / "made", "1.0.0"))
    newer = Wanted(old, Anchor(following, may_be_clinical=True))
    with pytest.raises(BundleError):  # it looks for what it knows to be current, and the old stick does not hold that
        import_bundle(newer, state, CLOCK, prover=passes)
    assert state.read().slots[state.read().active].version == "2.0.0"


def test_demonstration_root_in_other_bytes_is_the_demonstration_s(tmp_path: Path) -> None:
    (tmp_path / "root.json").write_text(json.dumps(json.loads(DEMONSTRATION.read_bytes())))
    assert not anchor_of(tmp_path / "root.json").may_be_clinical


def test_looking_leaves_no_trace_on_a_device_that_never_had_a_bundle(stick: Path, state: State, people: People) -> None:
    assert look(people.wanted(stick), state, CLOCK)[0].slot.version == "1.0.0"
    assert state.read().active == "" and not state.folder.exists()
