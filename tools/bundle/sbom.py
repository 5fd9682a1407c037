"""What a bundle is made of, as a CycloneDX list: its model by hash, its data in words, the workshop's libraries.

CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) knows machine-learning models. There is no date and no random
number in it, so that the same bundle has the same bytes. The other files' hashes are in the manifest.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.files import json_bytes

LOCK: Final = Path(__file__).parents[2] / "requirements-workshop.txt"
NAMESPACE: Final = uuid.UUID("6f0e2a54-0c6e-5c0c-9d8e-5b1b6d3f1a10")


def sources_of(provenance: Mapping[str, Any]) -> list[str]:
    """What a manifest says that the network was trained on, and what the bundle was fitted to later, each once."""
    return list(dict.fromkeys([*provenance["data"], *provenance.get("fitted_to", ())]))


def bill_of_materials(identity: Mapping[str, str], model: bytes, sources: Sequence[str]) -> bytes:
    """sbom.json. identity: id and version. model: classifier.tflite. sources: see `sources_of`."""
    name, version = identity["id"], identity["version"]
    reference = f"{name}@{version}"
    parts = [*(_data(n, source) for n, source in enumerate(sources)), *_libraries()]
    said = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "machine-learning-model",
                "bom-ref": reference,
                "name": name,
                "version": version,
                "purl": f"pkg:generic/{reference}",
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(model).hexdigest()}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": reference, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    number = uuid.uuid5(NAMESPACE, hashlib.sha256(json_bytes(said)).hexdigest())
    return json_bytes({**said, "serialNumber": f"urn:uuid:{number}"})


def _data(number: int, source: str) -> dict[str, Any]:
    return {"type": "data", "bom-ref": f"data-{number}", "name": f"training data {number}", "description": source}


def _libraries() -> list[dict[str, Any]]:
    """What trained and converted it, as the workshop's lock pins it."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    purls = sorted({f"pkg:pypi/{name.lower()}@{version}" for name, version in pins})
    return [
        {"type": "library", "bom-ref": purl, "name": purl[9:].partition("@")[0], "version": purl.partition("@")[2],
         "purl": purl}
        for purl in purls
    ]  # fmt: skip
