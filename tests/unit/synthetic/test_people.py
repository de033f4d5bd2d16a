"""Synthetic people: repeatable, plainly synthetic, and valid FHIR."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import synthetic
from shared.fhir import writer
from shared.fhir.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

PEOPLE = 12
seeds = st.integers(-(2**40), 2**40)


def resources(people: int = PEOPLE, seed: int = 7) -> list[JsonObject]:
    made = synthetic.bundles(people, seed)
    return [entry["resource"] for bundle in made for entry in bundle["entry"]]


def text(bundles: Iterable[JsonObject]) -> bytes:
    return b"\n".join(map(writer.write, bundles))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    assert text(synthetic.bundles(2, seed)) == text(synthetic.bundles(2, seed))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_bytes_do_not_depend_on_the_process_its_hash_seed_or_its_zone(hash_seed: str) -> None:
    program = (
        "import sys; from services import synthetic; from shared.fhir import writer\n"
        "for made in synthetic.bundles(3, 1): sys.stdout.buffer.write(writer.write(made) + b'\\n')"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": f"Test{hash_seed}"}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert ran.stdout == text(synthetic.bundles(3, 1)) + b"\n"


def test_another_seed_gives_other_people() -> None:
    assert text(synthetic.bundles(2, 1)) != text(synthetic.bundles(2, 2))


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(0, 4))
def test_the_first_people_do_not_depend_on_how_many_follow(seed: int, fewer: int) -> None:
    assert list(synthetic.bundles(fewer, seed)) == list(synthetic.bundles(5, seed))[: fewer + 1]


def test_every_resource_is_valid_fhir_r4() -> None:
    assert [issue for resource in resources() for issue in validate(resource)] == []


def test_every_resource_is_read_by_the_r4b_models() -> None:
    for resource in resources(people=6):
        name = resource["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{name.lower()}"), name)
        model.model_validate(resource)


def test_every_resource_is_labelled_as_test_data() -> None:
    for resource in resources():
        assert [label["code"] for label in resource["meta"]["security"]] == ["HTEST"]
        assert resource["identifier"][0]["system"].endswith("/sid/synthetic")


def test_names_and_telephone_numbers_show_that_nobody_is_real() -> None:
    for resource in resources():
        for name in resource["name"] if isinstance(resource.get("name"), list) else ():
            assert name["family"].startswith("Synthetic-")
        for contact in resource.get("telecom", ()):
            assert re.fullmatch(r"555-555-01\d\d", contact["value"])


def test_each_person_was_in_hospital_and_left_before_the_last_day() -> None:
    for bundle in list(synthetic.bundles(PEOPLE, 3, date(2026, 1, 31)))[1:]:
        entries = [entry["resource"] for entry in bundle["entry"]]
        stays = [e for e in entries if e.get("class", {}).get("code") == "IMP"]
        assert len(stays) == 1
        assert stays[0]["status"] == "finished"
        assert stays[0]["hospitalization"]["dischargeDisposition"]["coding"]
        assert stays[0]["period"]["start"] < stays[0]["period"]["end"] < "2026-01-31"
        assert sum(e.get("class", {}).get("code") == "AMB" for e in entries) >= 2


def test_a_history_has_what_a_hospital_records_and_opens_no_episode() -> None:
    counts = Counter(resource["resourceType"] for resource in resources())
    assert counts["Patient"] == counts["Coverage"] == PEOPLE
    assert min(counts[name] for name in ("Condition", "MedicationRequest")) >= PEOPLE
    assert counts["Observation"] >= 10 * PEOPLE
    assert counts["EpisodeOfCare"] == 0


def test_scores_stay_inside_their_scale_and_some_carry_a_suicide_risk() -> None:
    highest = {"44261-6": 27, "70274-6": 21}
    found: Counter[str] = Counter()
    for resource in resources(people=60):
        if resource["resourceType"] == "Observation":
            code = resource["code"]["coding"][0]["code"]
            found[code] += 1
            if code in highest:
                assert 0 <= resource["valueQuantity"]["value"] <= highest[code]
    assert found["44261-6"] == found["70274-6"] > 0
    assert 0 < found["93374-7"] < 2 * 60


def test_every_entry_is_created_only_if_its_identifier_is_new() -> None:
    for bundle in synthetic.bundles(3, 5):
        for entry in bundle["entry"]:
            identifier = entry["resource"]["identifier"][0]
            assert entry["request"] == {
                "method": "POST",
                "url": entry["resource"]["resourceType"],
                "ifNoneExist": f"identifier={identifier['system']}|{identifier['value']}",
            }


def test_no_two_resources_of_a_type_share_an_identifier_or_a_full_url() -> None:
    entries = [entry for bundle in synthetic.bundles(30, 9) for entry in bundle["entry"]]
    keys = {(e["request"]["url"], e["request"]["ifNoneExist"]) for e in entries}
    assert len(keys) == len({e["fullUrl"] for e in entries}) == len(entries)


@pytest.mark.parametrize("number", range(1, 6))
def test_every_reference_is_answered_in_its_bundle_or_by_the_places(number: int) -> None:
    places, *people = synthetic.bundles(5, 11)
    bundle = people[number - 1]
    here = {entry["fullUrl"] for entry in bundle["entry"]}
    there = {f"{e['request']['url']}?{e['request']['ifNoneExist']}" for e in places["entry"]}
    references = re.findall(r'"reference":"([^"]+)"', writer.write(bundle).decode())
    assert set(references) <= here | there
    assert set(references) & there
