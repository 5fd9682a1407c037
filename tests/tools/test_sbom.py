"""The device's bill of materials: every entry of every lock with purl, version, hashes and licence, or no bill."""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from tools.sbom import LICENCES, Pin, bill, component, main, read_pins

REPOSITORY = Path(__file__).parents[2]
LOCKS = [
    *sorted(
        path for path in REPOSITORY.glob("requirements*.txt") if path.stem.split("-")[-1] not in {"test", "workshop"}
    ),
    REPOSITORY / "systemd/image/requirements.txt",
]
"""What devices run; tests and workshop never get there."""
TABLE: dict[str, str] = tomllib.loads(LICENCES.read_text(encoding="utf-8"))
PINS = [pin for lock in LOCKS for pin in read_pins(lock.read_text(encoding="utf-8"))]


def test_all_entries_of_all_locks_are_in_the_bill_with_purl_version_hash_and_licence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([str(lock) for lock in LOCKS]) == 0
    made = json.loads(capsys.readouterr().out)
    complete = {
        (part["name"], part["version"])
        for part in made["components"]
        if part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        and all(re.fullmatch("[0-9a-f]{64}", each["content"]) for each in part["hashes"])
        and part["hashes"] and part["licenses"]
    }  # fmt: skip
    text = "".join(lock.read_text(encoding="utf-8") for lock in LOCKS)
    wanted = {
        (re.sub("[-_.]+", "-", name).lower(), version) for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)
    }
    assert len(wanted) > 50
    assert complete == wanted == {(part["name"], part["version"]) for part in made["components"]}
    assert sum(len(part["hashes"]) for part in made["components"]) >= len(wanted)


def test_every_hash_of_the_lock_is_in_the_bill() -> None:
    text = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    pins = read_pins(text)
    assert sorted(digest for pin in pins for digest in pin.hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", text))


def test_bill_keeps_the_rules_of_its_format() -> None:
    """Those of CycloneDX 1.6 that a schema holds: required fields, patterns, unique references, known ones in use."""
    made = bill(PINS, TABLE)
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["serialNumber"])
    references = [part["bom-ref"] for part in made["components"]]
    assert len(set(references)) == len(references)
    assert made["dependencies"] == [{"ref": "phenokiosk@0.1.0", "dependsOn": references}]
    for part in made["components"]:
        assert {"type", "name", "version", "purl", "hashes", "licenses"} <= set(part)
        assert len({each["content"] for each in part["hashes"]}) == len(part["hashes"])


def test_same_locks_give_the_same_bytes() -> None:
    assert json.dumps(bill(PINS, TABLE)) == json.dumps(bill(reversed(PINS), TABLE))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_licence_is_one_of_spdx_and_what_the_package_says(name: str) -> None:
    assert canonicalize_license_expression(TABLE[name]) == TABLE[name]
    try:
        said = importlib.metadata.metadata(name).get("License-Expression")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is for another machine")
    assert said in (None, TABLE[name])


def test_no_licence_stands_for_a_package_that_nobody_runs() -> None:
    assert set(TABLE) == {pin.name for pin in PINS}


@pytest.mark.parametrize("pin", [Pin("six", "1", ()), Pin("unheard-of", "1", ("0" * 64,))], ids=["hash", "licence"])
def test_entry_without_hash_or_licence_makes_no_bill(pin: Pin) -> None:
    with pytest.raises(SystemExit, match=pin.name):
        component(pin, TABLE)
