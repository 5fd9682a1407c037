"""What the kiosk runs: the good bundle, whatever happens to the one on trial; and it always comes up."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.bundle import selection as sel
from firmware.bundle.proof import Proof
from firmware.bundle.selection import LETTERS, TRIES, Selection, Slot
from firmware.bundle.slots import Slots
from firmware.bundle.verify import Bundle, load_bundle
from firmware.clock import ManualClock
from firmware.errors import BundleError, BundleProofError, BundleRollbackError, BundleUnsignedError, FallBackError
from tests.publishing import PHANTOM, SHIPPED, TODAY, People, bundle_of, commit, flash, passes

CLOCK = ManualClock(TODAY)


class Camp:
    """A device to which versions are flashed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.slots = Slots(folder / "state" / "bundles", clock=CLOCK, prover=passes)

    def flash(self, version: str, epoch: int = 1) -> None:
        flash(self.slots, self.folder, version, epoch)

    def start(self, brought: Path = PHANTOM) -> str:
        """The version that runs after a start."""
        return self.slots.take(brought).slot.version

    def spoil(self, letter: str) -> None:
        (self.folder / "state" / "bundles" / letter / "gallery.npz").write_bytes(b"altered")


@pytest.fixture
def camp(tmp_path: Path) -> Camp:
    return Camp(tmp_path)


def test_fresh_device_runs_what_the_software_brings(camp: Camp) -> None:
    assert camp.start() == SHIPPED
    assert camp.slots.selection().good == "a"


def test_bundle_that_was_flashed_before_the_first_start_is_kept(camp: Camp) -> None:
    camp.flash("1.0.0")
    assert camp.start() == "1.0.0"
    assert camp.start() == "1.0.0"


def test_trial_that_is_never_committed_ends_after_its_tries(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    assert [camp.start() for _ in range(TRIES + 2)] == ["2.0.0"] * TRIES + ["1.0.0"] * 2
    assert [e.what["did"] for e in camp.slots.events()][-1] == "fell back"


def test_trial_that_is_committed_stays(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    assert camp.start() == "2.0.0"
    assert commit(camp.slots)
    assert [camp.start() for _ in range(TRIES + 2)] == ["2.0.0"] * (TRIES + 2)
    assert not commit(camp.slots)


def test_trial_whose_files_are_damaged_is_left_at_once(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    camp.spoil("b")
    assert camp.start() == "1.0.0"


def test_trial_that_does_not_pass_on_its_start_is_left_at_once(tmp_path: Path) -> None:
    camp = Camp(tmp_path)
    camp.flash("1.0.0")
    camp.flash("2.0.0")

    def fails(*_: object) -> Proof:
        raise BundleProofError("it crashes")

    picky = Slots(tmp_path / "state" / "bundles", clock=CLOCK, prover=fails)
    assert picky.take(PHANTOM).slot.version == "1.0.0"


def test_good_bundle_that_is_damaged_gives_way_to_the_other_one_and_then_to_the_software_s(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    camp.start()
    commit(camp.slots)
    camp.spoil("b")
    assert camp.start() == "1.0.0"
    camp.spoil("a")
    assert camp.start() == SHIPPED


def test_engineer_falls_back_by_hand_and_forth(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    camp.start()
    commit(camp.slots)
    assert camp.slots.fall_back().version == "1.0.0"
    assert camp.start() == "1.0.0"
    assert camp.slots.fall_back().version == "2.0.0"


def test_nobody_falls_back_below_the_floor(camp: Camp) -> None:
    camp.flash("1.0.0", epoch=1)
    camp.flash("2.0.0", epoch=2)
    camp.start()
    commit(camp.slots)
    with pytest.raises(BundleRollbackError, match="BUN-07"):
        camp.slots.fall_back()
    camp.spoil("b")
    assert camp.slots.selection().floors == {"phantom": 2}


def test_floor_rises_at_the_commit_and_not_before(camp: Camp) -> None:
    camp.flash("1.0.0", epoch=1)
    camp.flash("2.0.0", epoch=2)
    camp.start()
    assert camp.slots.selection().floors == {"phantom": 1}
    assert camp.slots.fall_back().version == "1.0.0"


def test_falling_back_to_nothing_is_an_error_of_one_line(camp: Camp) -> None:
    camp.start()
    with pytest.raises(FallBackError, match="BUN-16"):
        camp.slots.fall_back()


def test_software_that_brings_a_newer_bundle_puts_it_on_trial(camp: Camp, tmp_path: Path) -> None:
    people = People()
    (tmp_path / "root.json").write_bytes(people.root())
    slots = Slots(tmp_path / "own" / "bundles", tmp_path / "root.json", CLOCK, passes)
    software = tmp_path / "software"
    people.publish(bundle_of(software / "phantom", "1.0.0"), software)
    assert slots.take(software / "phantom").slot.version == "1.0.0"
    people.publish(bundle_of(software / "phantom", "1.1.0"), software)
    assert slots.take(software / "phantom").slot.version == "1.1.0"
    assert slots.selection().trial


def test_bundle_that_nobody_has_signed_does_not_run_in_the_kiosk(camp: Camp, tmp_path: Path) -> None:
    with pytest.raises(BundleUnsignedError, match="BUN-05"):
        camp.start(bundle_of(tmp_path / "unsigned"))


def test_damaged_state_is_set_aside_and_the_kiosk_comes_up(camp: Camp) -> None:
    camp.start()
    path = camp.folder / "state" / "bundles" / "state.db"
    path.write_bytes(b"not a database" * 1000)
    assert camp.start() == SHIPPED
    assert path.with_suffix(".damaged").read_bytes().startswith(b"not a database")


def test_bundle_that_the_kiosk_cannot_build_with_is_refused_and_the_other_one_taken(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    running = camp.slots.take(PHANTOM)
    assert camp.slots.refuse(running, "it cannot be loaded")
    assert camp.start() == "1.0.0"


def test_slots_of_older_software_do_not_stand_in_the_way(camp: Camp) -> None:
    old = camp.folder / "state" / "bundles"
    shutil.copytree(PHANTOM, old / "a", ignore=shutil.ignore_patterns("frames"))
    (old / "active").write_text("a")
    assert camp.start() == SHIPPED


SLOT = st.builds(
    Slot, id=st.sampled_from(["x", "y"]), version=st.just("1"), epoch=st.integers(0, 3), clinical=st.just(False),
    digest=st.text("ab", min_size=1, max_size=3),
)  # fmt: skip
STEPS = {
    "clear": lambda s, _: sel.cleared(s),
    "install": sel.installed,
    "start": lambda s, _: sel.starting(s),
    "give up": lambda s, _: sel.given_up(s),
    "commit": lambda s, _: sel.committed(s),
    "fall back": lambda s, _: sel.fallen_back(s),
    "lose": lambda s, _: sel.lost(s),
}


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), SLOT), max_size=30))
def test_whatever_happens_what_runs_is_there_and_not_below_its_floor(steps: list[tuple[str, Slot]]) -> None:
    selection = Selection()
    for step, slot in steps:
        try:
            after = STEPS[step](selection, slot)
        except BundleError:
            continue
        assert not after.active or after.active in after.slots
        assert after.spare in LETTERS and after.spare != after.good
        assert after.trial != after.good or not after.trial
        assert all(after.floors.get(k, 0) >= floor for k, floor in selection.floors.items()), "a floor never sinks"
        if after.good:
            good = after.slots[after.good]
            assert good.epoch >= after.floors.get(good.id, 0)
        if step != "lose" and selection.good and step != "fall back" and step != "commit":
            assert after.slots[selection.good] == selection.slots[selection.good], "the good slot is never written to"
        selection = after


def test_a_trial_lasts_so_many_starts_and_no_more() -> None:
    one, two = (Slot("x", v, 1, clinical=False, digest=v) for v in "12")
    selection = sel.installed(sel.installed(Selection(), one), two)
    for left in range(TRIES - 1, -1, -1):
        selection = sel.starting(selection)
        assert (selection.trial, selection.tries_left) == ("b", left)
    assert sel.starting(selection).active == "a"


def test_read_that_fails_in_passing_forgets_nothing(camp: Camp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is out of handles: the bundle is whole, and the next start runs it."""
    camp.flash("1.0.0", epoch=4)
    before = camp.slots.selection()
    low, high = resource.getrlimit(resource.RLIMIT_NOFILE)

    def starved(folder: Path, digest: str | None = None) -> Bundle:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, high))
        try:
            return load_bundle(folder, digest)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (low, high))

    monkeypatch.setattr("firmware.bundle.slots.load_bundle", starved)
    with pytest.raises(BundleError):
        camp.start()
    monkeypatch.undo()
    after = camp.slots.selection()
    assert (after.slots, after.good, after.trial) == (before.slots, before.good, before.trial)
    assert camp.start() == "1.0.0"


def test_good_bundle_with_which_the_kiosk_cannot_be_built_is_not_forgotten(camp: Camp) -> None:
    camp.flash("1.0.0", epoch=4)
    running = camp.slots.take(PHANTOM)
    assert not camp.slots.refuse(running, "the face mesh is not installed")
    assert camp.start() == "1.0.0"


def test_nobody_falls_back_to_a_bundle_that_never_proved_itself(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    assert camp.slots.fall_back().version == "1.0.0"
    with pytest.raises(FallBackError, match=r"2\.0\.0 has never proved itself"):
        camp.slots.fall_back()


def test_bundle_that_took_the_place_of_the_one_that_ran_is_not_committed_for_it(camp: Camp) -> None:
    camp.flash("1.0.0")
    camp.flash("2.0.0")
    running = camp.slots.take(PHANTOM)
    camp.flash("3.0.0", epoch=5)
    assert camp.slots.commit(running.slot.digest) is None
    assert camp.slots.refuse(running, "it is bad") is True
    selection = camp.slots.selection()
    assert selection.slots[selection.trial].version == "3.0.0" and selection.failed == ()
    assert selection.floors == {"phantom": 1}


def test_event_with_a_name_that_is_no_text_is_noted(camp: Camp) -> None:
    with camp.slots.state.changing(TODAY) as draft:
        draft.note(bundle="/tmp/st\udcffick", did="refused")
    assert [event.what["bundle"].encode() for event in camp.slots.events()] == [b"/tmp/st\\udcffick"]


def test_state_that_newer_software_has_written_is_read(camp: Camp) -> None:
    camp.flash("1.0.0")
    with sqlite3.connect(camp.folder / "state" / "bundles" / "state.db") as database:
        (text,) = database.execute("SELECT value FROM facts WHERE name = 'selection'").fetchone()
        said = {**json.loads(text), "colour": "blue"}
        database.execute("UPDATE facts SET value = ? WHERE name = 'selection'", (json.dumps(said),))
    assert camp.start() == "1.0.0"


def test_selection_that_makes_no_sense_is_begun_anew(camp: Camp) -> None:
    camp.flash("1.0.0")
    with sqlite3.connect(camp.folder / "state" / "bundles" / "state.db") as database:
        database.execute("UPDATE facts SET value = '[]' WHERE name = 'selection'")
    assert camp.start() == SHIPPED
