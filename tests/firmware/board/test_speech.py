"""The voice: what the engine is handed, that a new text ends the one before, and silence where there is none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from firmware.board.speech import LONGEST, EspeakSpeaker, SilentSpeaker, open_speaker

PATIENCE_S = 20.0


def _program(folder: Path, *then: str) -> str:
    """A speech engine that writes down what it was told, and its number."""
    program = folder / "espeak-ng"
    lines = ("#!/bin/sh", f"cd {folder}", 'echo "$$ $@" >> told', "cat > text.$$", *then, "echo > done.$$", "")
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    return str(program)


def _until(folder: Path, pattern: str, count: int = 1) -> list[Path]:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if len(found := sorted(folder.glob(pattern))) >= count:
            return found
        os.sched_yield()
    raise AssertionError(f"{pattern} never came")


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("text", ["Turn left", "--version", "$(touch /tmp/x); `id`", "मुँह बंद करें 😀", ""])
def test_a_text_is_handed_over_as_it_is_and_never_as_an_option(text: str, tmp_path: Path) -> None:
    speaker = EspeakSpeaker(_program(tmp_path))
    speaker.say(text, "pt-br")
    (done,) = _until(tmp_path, "done.*")
    pid = done.suffix.removeprefix(".")
    assert (tmp_path / "told").read_text() == f"{pid} -v pt-br -s 150 --stdin\n"
    assert (tmp_path / f"text.{pid}").read_text() == text
    speaker.close()


def test_a_text_without_an_end_is_cut(tmp_path: Path) -> None:
    speaker = EspeakSpeaker(_program(tmp_path))
    speaker.say("x" * 10**6, "en")
    (done,) = _until(tmp_path, "done.*")
    assert len((tmp_path / f"text{done.suffix}").read_text()) == LONGEST
    speaker.close()


def test_what_is_new_ends_what_was_said_before(tmp_path: Path) -> None:
    speaker = EspeakSpeaker(_program(tmp_path, "exec sleep 1000"))
    speaker.say("first", "en")
    (first,) = _until(tmp_path, "text.*")
    speaker.say("second", "en")
    _until(tmp_path, "text.*", 2)
    assert _gone(int(first.suffix.removeprefix(".")))
    speaker.close()
    assert all(_gone(int(line.split()[0])) for line in (tmp_path / "told").read_text().splitlines())


def test_an_engine_that_does_not_listen_or_is_not_there_fails_nobody(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\nexec <&-\nexit 1\n")
    deaf.chmod(0o755)
    for program in (str(deaf), str(tmp_path / "nowhere"), str(tmp_path)):
        speaker = EspeakSpeaker(program)
        for _ in range(3):
            speaker.say("Come closer", "en")
        speaker.close()


def test_a_machine_without_an_engine_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(open_speaker(), SilentSpeaker)
    _program(tmp_path)
    assert isinstance(open_speaker(), EspeakSpeaker)
