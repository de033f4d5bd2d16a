"""Real exports of a synthetic population are valid, resource by resource."""

from __future__ import annotations

import bz2
from pathlib import Path

import pytest

from shared.fhir.reader import read
from shared.fhir.validation import validate

SYNTHEA = Path(__file__).parents[3] / "shared/data/synthea"
BUNDLES = sorted(SYNTHEA.glob("*.json.bz2"))


@pytest.mark.skipif(not BUNDLES, reason="the Synthea export is absent beside the repository")
def test_every_bundle_of_the_synthea_export_is_accepted() -> None:
    faults = {path.name: validate(read(bz2.decompress(path.read_bytes()))) for path in BUNDLES}

    assert {name: issues for name, issues in faults.items() if issues} == {}
