"""Who is in a folder: only what the workshop made, down to the weights that were started from, is nobody."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tools.about import about, made_with, of_nobody
from tools.errors import DataAbsentError


def folder(path: Path, said: object = None) -> Path:
    path.mkdir()
    if said is not None:
        (path / "about.json").write_text(json.dumps({"what": said}))
    return path


def weights(path: Path, said: object) -> Path:
    (folder(path) / "train.json").write_text(json.dumps({"nobody_exists": said}))
    return path / "m.pt"


def test_one_folder_from_elsewhere_is_enough(tmp_path: Path) -> None:
    rendered, theirs = folder(tmp_path / "a", "rendered people"), folder(tmp_path / "b")
    assert about(rendered) == "rendered people"
    assert of_nobody([rendered], None)
    assert not of_nobody([rendered, theirs], None)


def test_weights_count_as_what_they_were_trained_on(tmp_path: Path) -> None:
    rendered = folder(tmp_path / "a", "rendered people")
    assert of_nobody([rendered], weights(tmp_path / "ours", True))
    assert not of_nobody([rendered], weights(tmp_path / "theirs", False))
    assert not of_nobody([rendered], weights(tmp_path / "odd", "yes"))
    assert not of_nobody([rendered], tmp_path / "public.pt")


def test_options_are_said_but_for_the_usual_ones(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--subjects", type=int, default=70)
    parser.add_argument("--unaffected-share", type=float)
    parser.add_argument("--norms", action="store_true")
    words = [str(tmp_path), "--norms", "--unaffected-share", "0.4", "--subjects", "70"]
    assert made_with("people", parser, parser.parse_args(words)) == "people (--unaffected-share 0.4 --norms)"
    assert made_with("people", parser, parser.parse_args(["x"]), ()) == "people (--out x)"
    assert made_with("people", parser, parser.parse_args(["x"])) == "people"


def test_an_about_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataAbsentError):
        about(folder(tmp_path / "a", 3))
