"""What a bundle is to be called is looked at before any work is done for it, and in one line."""

from __future__ import annotations

import pytest

from tools.bundle.__main__ import main

ACTIONS = {
    "build": ("build", "--converted", "a", "--state-dict", "b", "--data", "c", "--out", "d"),
    "calibrate": ("calibrate", "a", "--data", "b"),
    "release": ("release", "a", "--epoch", "1", "--golden", "b"),
}
BAD = ("bad version", "../1.0", "", "v" * 65)


@pytest.mark.parametrize("words", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize("version", BAD)
def test_a_version_that_is_none_is_refused(
    words: tuple[str, ...], version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--version", version])
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert ended.value.code == 2 and "version must be letters, digits" in said


def test_an_id_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*ACTIONS["build"], "--id", "two words"])
    assert "id must be letters, digits" in capsys.readouterr().err
