"""References: what they point to, where they stand, how a transaction moves them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.fhir.references import (
    Kind,
    Link,
    Links,
    parse_reference,
    references_in,
    searchable,
)
from shared.fhir.search.parse import parse

BASES = ("https://care.example/fhir", "http://127.0.0.1:8001/fhir/")
UUID = "urn:uuid:6c1f8c2e-3d1a-4f59-9a36-1f1d6f0a1b2c"


@pytest.mark.parametrize(
    ("text", "kind", "type_name", "logical_id", "version"),
    [
        ("Patient/1", "local", "Patient", "1", None),
        ("Patient/1/_history/3", "local", "Patient", "1", "3"),
        ("Patient/1#part", "local", "Patient", "1", None),
        ("https://care.example/fhir/Patient/1", "local", "Patient", "1", None),
        ("http://127.0.0.1:8001/fhir/Patient/1/_history/2", "local", "Patient", "1", "2"),
        ("https://other.example/fhir/Patient/1", "external", "Patient", "1", None),
        ("https://care.example/Patient/1", "external", "Patient", "1", None),
        ("https://other.example/anything", "external", None, None, None),
        (UUID, "urn", None, None, None),
        ("urn:oid:1.2.3", "urn", None, None, None),
        ("#p1", "contained", None, "p1", None),
        ("#", "contained", None, "", None),
        ("Patient?identifier=a|b", "conditional", "Patient", "identifier=a|b", None),
        (
            "Patient?link=http://a.example/Person/1",
            "conditional",
            "Patient",
            "link=http://a.example/Person/1",
            None,
        ),
        ("Person of note", "other", None, None, None),
        ("Nothing/1", "other", None, None, None),
        ("fhir/Patient/1", "other", "Patient", "1", None),
        ("Patient/1\n", "other", None, None, None),
    ],
)
def test_a_reference_is_understood(
    text: str, kind: Kind, type_name: str | None, logical_id: str | None, version: str | None
) -> None:
    assert parse_reference(text, BASES) == Link(kind, text, type_name, logical_id, version)


RESOURCE: dict[str, Any] = {
    "resourceType": "Observation",
    "meta": {"source": UUID, "profile": [UUID]},
    "text": {
        "status": "generated",
        "div": f"<div><a href=\"{UUID}#a\">x</a><img src='{UUID}'/><p>{UUID}</p></div>",
    },
    "contained": [
        {"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": UUID}},
    ],
    "extension": [{"url": "http://x.example/a", "valueReference": {"reference": "Device/d"}}],
    "_status": {"extension": [{"url": "http://x.example/b", "valueUri": UUID}]},
    "identifier": [{"system": UUID, "value": UUID}],
    "subject": {"reference": "#p", "display": UUID},
    "performer": [{"reference": "Practitioner/1"}, {"reference": f"{UUID}"}],
    "note": [{"text": UUID, "authorReference": {"reference": "Practitioner/1/_history/4"}}],
    "valueString": UUID,
}


@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        ({"reference": "ServiceRequest/1"}, "ServiceRequest/1"),
        ({"reference": "ServiceRequest/1/_history/2"}, "ServiceRequest/1"),
        ({"reference": "https://care.example/fhir/ServiceRequest/1"}, "ServiceRequest/1"),
        ({"reference": "https://a.example/Order/1"}, "https://a.example/Order/1"),
        ({"reference": UUID}, UUID),
        ({"reference": "https://a.example/Order/1,2"}, None),
        ({"reference": "https://a.example/Order|1"}, None),
        ({"reference": "#order"}, None),
        ({"reference": "ServiceRequest?identifier=1"}, None),
        ({"identifier": {"value": "1"}}, None),
        ({"display": "By telephone"}, None),
    ],
)
def test_what_is_searchable_can_be_asked_for(reference: dict[str, Any], asked: str | None) -> None:
    assert searchable(reference, BASES) == asked
    if asked is not None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        assert parse("Task", (("focus", asked),), zone=UTC, now=now).criteria


def test_references_are_found_wherever_the_definition_has_them() -> None:
    found = {
        location: value["reference"] for location, value in references_in(RESOURCE, "Observation")
    }
    assert found == {
        "Observation.contained[0].managingOrganization": UUID,
        "Observation.extension[0].value": "Device/d",
        "Observation.subject": "#p",
        "Observation.performer[0]": "Practitioner/1",
        "Observation.performer[1]": UUID,
        "Observation.note[0].author": "Practitioner/1/_history/4",
    }
    assert set(Links(RESOURCE).local_targets()) == {("Device", "d"), ("Practitioner", "1")}


def test_a_bundles_entries_and_parameters_are_roots_of_their_own() -> None:
    inner = {"resourceType": "Observation", "subject": {"reference": "Patient/1"}}
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": UUID, "resource": inner}]}
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": inner}]}
    assert not list(references_in(bundle, "Bundle"))
    assert not list(references_in(parameters, "Parameters"))
    assert list(references_in(inner, "Observation"))


def test_what_is_not_valid_is_passed_over() -> None:
    broken: dict[str, Any] = {
        "resourceType": "Observation",
        "subject": "x",
        "performer": [None, 3, [{}]],
        "bad": {},
    }
    assert [at for at, _ in references_in(broken, "Observation")] == ["Observation.performer[2][0]"]
    assert not list(references_in({"resourceType": "Nothing"}, "Nothing"))
    names: list[Any] = ["Resource", "Reference", [], None, 7]
    for name in names:
        inside: dict[str, Any] = {"resourceType": "Patient", "contained": [{"resourceType": name}]}
        assert not list(references_in(inside, "Patient"))
        assert not list(Links(inside).local_targets())


def test_links_are_rewritten_in_references_uris_and_narrative_only() -> None:
    resource = deepcopy(RESOURCE)
    assert Links(resource).rewrite({UUID: "Organization/o"})
    expected = deepcopy(RESOURCE)
    expected["meta"]["source"] = "Organization/o"
    expected["text"]["div"] = (
        f"<div><a href=\"Organization/o#a\">x</a><img src='Organization/o'/><p>{UUID}</p></div>"
    )
    expected["contained"][0]["managingOrganization"]["reference"] = "Organization/o"
    expected["_status"]["extension"][0]["valueUri"] = "Organization/o"
    expected["identifier"][0]["system"] = "Organization/o"
    expected["performer"][1]["reference"] = "Organization/o"
    assert resource == expected


def test_what_is_not_named_stays_and_nothing_is_reported() -> None:
    resource = deepcopy(RESOURCE)
    assert not Links(resource).rewrite({"urn:uuid:another": "Patient/1"})
    assert resource == RESOURCE


@pytest.mark.parametrize(
    ("link", "moved"),
    [
        ("http://a.example/Patient/1", "Patient/n"),
        ("http://a.example/Patient/1#x", "Patient/n#x"),
        ("http://a.example/Patient/1/_history/7", "Patient/n/_history/2"),
        ("http://a.example/Patient/1/_history/7#x", "Patient/n/_history/2#x"),
        ("http://a.example/Patient/12", "http://a.example/Patient/12"),
        ("#x", "#x"),
    ],
)
def test_a_version_specific_reference_stays_one(link: str, moved: str) -> None:
    resource = {"resourceType": "Flag", "subject": {"reference": link}}
    Links(resource).rewrite({"http://a.example/Patient/1": "Patient/n/_history/2"})
    assert resource["subject"] == {"reference": moved}


def test_a_version_is_kept_where_the_target_names_none() -> None:
    resource = {"resourceType": "Flag", "subject": {"reference": f"{UUID}/_history/7"}}
    assert Links(resource).rewrite({UUID: "Patient/n"})
    assert resource["subject"] == {"reference": "Patient/n/_history/7"}


def test_a_list_of_uris_is_rewritten_one_by_one() -> None:
    resource = {"resourceType": "CarePlan", "instantiatesUri": ["http://a.example", UUID]}
    assert Links(resource).rewrite({UUID: "PlanDefinition/1"})
    assert resource["instantiatesUri"] == ["http://a.example", "PlanDefinition/1"]


def test_a_uuid_takes_the_new_id_where_that_is_one() -> None:
    made = "01a20495-d2fb-7109-b77f-a5681fb840b9"
    for target, named in ((made, f"urn:uuid:{made}"), ("p1", "Patient/p1")):
        link = {"url": "http://a.example", "valueUuid": UUID}
        other = {**link, "valueUuid": "urn:uuid:x"}
        resource: dict[str, Any] = {"resourceType": "Flag", "extension": [link, other]}
        assert Links(resource).rewrite({UUID: f"Patient/{target}"})
        assert [each["valueUuid"] for each in resource["extension"]] == [named, "urn:uuid:x"]


def test_markup_is_compared_and_written_escaped() -> None:
    div = '<div><a href="http://a.example?x=1&amp;y=2">x</a></div>'
    resource: dict[str, Any] = {"resourceType": "Flag", "text": {"div": div}}
    assert Links(resource).rewrite({"http://a.example?x=1&y=2": "Patient/n"})
    assert resource["text"]["div"] == '<div><a href="Patient/n">x</a></div>'
