"""The manifest's JSON schema, which other people's tools read, says the same as our own strict reader."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.bundle.manifest import parse_manifest
from tests.firmware.bundle.test_bundle import SPOILT
from tests.publishing import PHANTOM

SCHEMA = json.loads((Path(__file__).parents[3] / "models" / "manifest.schema.json").read_text())
MANIFEST = json.loads((PHANTOM / "manifest.json").read_text())
valid = fastjsonschema.compile(SCHEMA)
BEYOND_A_FORM = {
    "limits crossed", "points that fall", "made for nobody", "logits too few", "names that differ in case",
    "for no software", "golden answers of no file", "no bill of materials",
}  # fmt: skip


def accepts(said: Any) -> bool:
    try:
        valid(said)
    except fastjsonschema.JsonSchemaException:
        return False
    return True


def test_shipped_manifest_is_valid() -> None:
    assert accepts(MANIFEST)


@pytest.mark.parametrize("name", SPOILT)
def test_schema_refuses_what_the_device_refuses_as_far_as_a_form_can(name: str) -> None:
    spoilt = copy.deepcopy(MANIFEST)
    SPOILT[name][0](spoilt)
    assert accepts(spoilt) == (name in BEYOND_A_FORM)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_the_device_takes_the_schema_takes_too(data: st.DataObject) -> None:
    said = copy.deepcopy(MANIFEST)
    branch: Any = said
    path = []
    while isinstance(branch, dict | list) and branch:
        key = data.draw(st.sampled_from(sorted(branch) if isinstance(branch, dict) else range(len(branch))))
        path.append((branch, key))
        branch = branch[key]
    holder, key = data.draw(st.sampled_from(path))
    holder[key] = data.draw(
        st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=5) | st.just([])
        | st.just({}) | st.lists(st.integers(), max_size=4)
    )  # fmt: skip
    try:
        parse_manifest(said)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return
    assert accepts(said)
