"""A template applied to a person: the Bundle that a clinician asks for."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from services.plan_api.domain import activities, applied_plan, care_team
from services.plan_api.domain.activities import Template
from services.plan_api.domain.application import Application, canonical_of, last_day
from services.plan_api.domain.applied_plan import Prepared
from services.plan_api.domain.bundle import Seen
from services.plan_api.domain.needs import Known
from services.plan_api.templates import ACTIVITIES, ADULT, LIBRARY, TEMPLATES
from shared.care.canonical import CANONICAL, profile
from shared.care.plan_signing import signers
from shared.fhir.errors import RuleViolation
from shared.fhir.validation import validate
from tests.unit.services.test_profiles import broken_rules

NOW = "2026-03-02T14:00:00.000Z"
BY_ADDRESS = {canonical_of(each): each for each in ACTIVITIES}
TEMPLATE = Template(ADULT, "PlanDefinition/iop-adult/_history/1", BY_ADDRESS)
SIGN = "Sign the plan"
WEEKS = {"value": 12, "code": "wk"}


CONSENT = {
    "resourceType": "Consent",
    "id": "c",
    "status": "active",
    "provision": {"actor": [{"reference": {"reference": "RelatedPerson/mia"}}]},
}


def application(**changes: object) -> Application:
    told: dict[str, Any] = {
        "plan_id": "plan",
        "patient": "Patient/p",
        "episode": "EpisodeOfCare/e",
        "asked_by": "Practitioner/a",
        "practitioner": None,
        "organization": None,
        "encounter": None,
        "start": date(2026, 3, 2),
        "zone": UTC,
        "recorded": NOW,
    }
    return Application(**told | changes)


def applied(
    asked: Application | None = None,
    template: Template = TEMPLATE,
    conditions: tuple[dict[str, Any], ...] = (),
    consents: tuple[dict[str, Any], ...] = (),
    prepared: Seen | None = None,
    team: Seen | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Apply a template, and sort what is written by type, the requests as `requests`."""
    asked = asked or application()
    known = Known(conditions=conditions, consents=consents, related=[{"id": "mia"}])
    before = Prepared(prepared, team) if prepared else None
    bundle = applied_plan.bundle(template, asked, known=known, prepared=before)
    found: dict[str, list[dict[str, Any]]] = {"requests": []}
    for entry in bundle["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
        found["requests"].append(entry["request"])
    return found


def a_template(*actions: dict[str, Any]) -> Template:
    definition = {"resourceType": "PlanDefinition", "id": "x", "status": "draft"}
    return Template(definition | {"action": list(actions)}, "PlanDefinition/x/_history/1", {})


@pytest.mark.parametrize("resource", LIBRARY, ids=lambda each: each["id"])
def test_what_is_published_is_valid_and_has_an_address_of_ours(resource: dict[str, Any]) -> None:
    assert validate(resource) == []
    assert resource["url"] == f"{CANONICAL}/{resource['resourceType']}/{resource['id']}"
    assert resource["version"].replace(".", "").isdigit()


def test_the_adult_template_names_only_activities_that_are_published() -> None:
    assert set(activities.definitions_wanted(ADULT)) <= set(BY_ADDRESS)


def test_no_two_sessions_of_the_adult_template_meet_at_once() -> None:
    taken = [
        (day, time)
        for each in ADULT["action"]
        for day in each.get("timingTiming", {}).get("repeat", {}).get("dayOfWeek", ())
        for time in each["timingTiming"]["repeat"]["timeOfDay"]
    ]

    assert len(set(taken)) == len(taken)


def test_everything_that_is_applied_is_valid_and_of_the_person() -> None:
    found = applied(
        application(
            practitioner="Practitioner/b", organization="Organization/o", encounter="Encounter/v"
        )
    )

    for name in ("CarePlan", "Goal", "CareTeam", "ServiceRequest", "Provenance"):
        for resource in found[name]:
            assert validate(resource) == []
            assert resource.get("subject", {"reference": "Patient/p"}) == {"reference": "Patient/p"}
    [plan] = found["CarePlan"]
    assert list(broken_rules(plan)) == []
    assert plan["period"] == {"start": "2026-03-02", "end": "2026-05-24"}
    [team] = found["CareTeam"]
    members = [each["member"]["reference"] for each in team["participant"]]
    assert members == ["Practitioner/a", "Practitioner/b", "Organization/o"]
    assert {each["performer"][0]["reference"] for each in found["ServiceRequest"]} == {
        "Practitioner/b"
    }


def test_the_same_application_writes_the_same() -> None:
    assert applied() == applied()
    other = application(plan_id="another")
    ids = [{each["id"] for each in applied(each)["ServiceRequest"]} for each in (None, other)]
    assert not ids[0] & ids[1]


def test_a_new_plan_is_written_once_and_a_prepared_one_over_what_was_read() -> None:
    prepared = {
        "resourceType": "CarePlan",
        "id": "plan",
        "created": "2026-02-01",
        "supportingInfo": [{"reference": "Encounter/stay"}],
        "note": [{"text": "hers"}],
    }

    assert applied()["requests"][0]["ifNoneMatch"] == "*"
    found = applied(prepared=Seen(prepared, 3))
    assert found["requests"][0]["ifMatch"] == 'W/"3"'
    [plan] = found["CarePlan"]
    assert (plan["created"], plan["note"][0]) == ("2026-02-01", {"text": "hers"})
    assert [each["reference"] for each in plan["supportingInfo"]] == [
        "Encounter/stay",
        "EpisodeOfCare/e",
    ]


def test_the_team_that_was_prepared_is_taken_over_with_who_is_in_it() -> None:
    hospital = {"role": [{"text": "Hospital"}], "member": {"reference": "Organization/h"}}
    planner = {"role": [{"text": "Nurse"}], "member": {"reference": "Practitioner/a"}}
    before = {
        "resourceType": "CareTeam",
        "id": "prepared",
        "status": "proposed",
        "encounter": {"reference": "Encounter/stay"},
        "participant": [hospital, planner],
    }
    plan = {"resourceType": "CarePlan", "id": "plan"}
    asked = application(practitioner="Practitioner/b")

    found = applied(asked, prepared=Seen(plan, 3), team=Seen(before, 2))

    [team] = found["CareTeam"]
    assert (team["id"], team["encounter"]) == ("prepared", before["encounter"])
    members = [each["member"]["reference"] for each in team["participant"]]
    assert members == ["Organization/h", "Practitioner/a", "Practitioner/b"]
    assert team["participant"][1] == planner
    assert found["CarePlan"][0]["careTeam"] == [{"reference": "CareTeam/prepared"}]
    [request] = [e for e in found["requests"] if e["url"] == "CareTeam/prepared"]
    assert request["ifMatch"] == 'W/"2"'


def test_who_asked_for_it_signs_it_and_names_the_template() -> None:
    [said] = applied()["Provenance"]

    assert said["agent"][0]["who"] == {"reference": "Practitioner/a"}
    assert said["entity"][0]["what"] == {"reference": "PlanDefinition/iop-adult/_history/1"}


@pytest.mark.parametrize(
    ("system", "code", "is_meant"),
    [
        ("http://snomed.info/sct", "35489007", True),
        ("http://snomed.info/sct", "195662009", False),
        ("http://hl7.org/fhir/sid/icd-10-cm", "F33.1", True),
        ("http://hl7.org/fhir/sid/icd-10-cm", "J02.9", False),
        ("https://elsewhere.example", "35489007", False),
        ("http://snomed.info/sct", None, False),
    ],
)
def test_a_goal_is_about_conditions_of_its_kind(
    system: str, code: str | None, *, is_meant: bool
) -> None:
    coding = {"system": system} | ({"code": code} if code else {})
    condition = {"resourceType": "Condition", "id": "c", "code": {"coding": [coding]}}

    found = applied(conditions=(condition,))

    expected = [{"reference": "Condition/c"}] if is_meant else None
    assert found["CarePlan"][0].get("addresses") == expected
    assert found["Goal"][0].get("addresses") == expected


def test_an_activity_without_a_time_is_given_as_needed() -> None:
    found = applied(consents=(CONSENT,))["ServiceRequest"]
    family = next(e for e in found if e["code"]["text"] == "Family therapy")

    assert family["supportingInfo"] == [{"reference": "Consent/c"}]
    assert family["asNeededBoolean"] is True
    assert "consent" in family["note"][0]["text"]


def test_without_a_consent_family_therapy_is_told_and_not_ordered() -> None:
    found = applied()

    assert "Family therapy" not in [each["code"]["text"] for each in found["ServiceRequest"]]
    [told] = found["CarePlan"][0]["note"]
    assert told["text"].startswith("Not met: Family therapy needs the person's active Consent")


def test_actions_inside_others_and_without_a_definition_are_ordered_too() -> None:
    period = {"start": "2026-03-02"}
    bounded = {"repeat": {"boundsPeriod": period, "frequency": 1, "period": 1, "periodUnit": "wk"}}
    found = applied(
        template=a_template(
            {"action": [{"title": "One", "timingDateTime": "2026-03-05"}, {"title": "Two"}]},
            {"code": [{"text": "Three"}], "timingTiming": bounded},
        )
    )

    told = [each["code"]["text"] for each in found["ServiceRequest"]]
    assert told == ["One", "Two", "Three"]
    assert found["ServiceRequest"][0]["occurrenceDateTime"] == "2026-03-05"
    assert found["ServiceRequest"][2]["occurrenceTiming"] == bounded
    assert found["CarePlan"][0]["period"] == {"start": "2026-03-02"}
    assert all(validate(each) == [] for each in found["ServiceRequest"])


def test_an_action_of_an_unknown_definition_is_refused_by_its_name() -> None:
    unknown = "https://elsewhere.example/ActivityDefinition/x"

    with pytest.raises(RuleViolation, match=unknown):
        applied(template=a_template({"definitionCanonical": unknown}))


def test_what_a_template_says_is_no_markup() -> None:
    template = a_template({"title": "<b>One</b>"})
    [plan] = applied(template=template)["CarePlan"]

    assert "&lt;b&gt;One&lt;/b&gt;" in plan["text"]["div"]
    assert validate(plan) == []


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (WEEKS, date(2026, 5, 24)),
        ({"value": 1, "code": "d"}, date(2026, 3, 2)),
        ({"value": 0, "code": "d"}, date(2026, 3, 2)),
        ({"value": 3, "unit": "mo"}, date(2026, 5, 31)),
        ({"value": 10**9, "code": "a"}, date(2029, 3, 3)),
        ({"value": 3, "code": "min"}, None),
        ({}, None),
    ],
)
def test_a_span_has_a_last_day(duration: dict[str, Any], expected: date | None) -> None:
    assert last_day(date(2026, 3, 2), duration) == expected


@pytest.mark.parametrize(
    ("code", "is_theirs"),
    [("F43.10", True), ("F43.12", True), ("F43.2", False), ("F32.1", False), (None, False)],
)
@pytest.mark.parametrize("definition", TEMPLATES, ids=lambda each: each["id"])
def test_the_goal_after_trauma_is_only_for_those_whom_it_is_asked_of(
    definition: dict[str, Any], code: str | None, *, is_theirs: bool
) -> None:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}
    conditions = ({"id": "c", "code": {"coding": [coding]}},) if code else ()
    template = Template(definition, f"PlanDefinition/{definition['id']}/_history/1", BY_ADDRESS)
    found = applied(template=template, conditions=conditions)

    told = {goal["id"]: goal["description"]["text"] for goal in found["Goal"]}
    has_one = any("PCL-5" in each for each in told.values())
    assert has_one == (is_theirs and "trauma" in {each["id"] for each in definition["goal"]})
    served = {
        part["valueReference"]["reference"]
        for each in (*found["ServiceRequest"], *found["Task"])
        for part in each.get("extension", ())
    }
    assert served <= {f"Goal/{each}" for each in told}


def test_what_a_goal_of_another_template_needs_is_looked_at_where_it_is_known() -> None:
    url = profile("goal-needs")
    needs = ({"type": "Device"}, {"type": "Consent"}, None)
    goals = [
        {
            "id": each["type"] if each else "nothing",
            "description": {"text": each["type"] if each else "nothing"},
            "extension": [{"url": url} | ({"valueDataRequirement": each} if each else {})],
        }
        for each in needs
    ]
    made = a_template()
    template = Template(made.definition | {"goal": goals}, made.versioned, {})

    told = [each["description"]["text"] for each in applied(template=template)["Goal"]]

    assert told == ["Device", "nothing"]


@pytest.mark.parametrize(
    ("asked", "roles"),
    [
        ({}, ["Peer specialist"]),
        ({"members": ("Practitioner/peer",)}, ["Member of the team", "Peer specialist"]),
        ({"practitioner": "Practitioner/peer"}, ["Responsible clinician", "Peer specialist"]),
        ({"asked_by": "Practitioner/peer"}, ["Clinician who planned the care", "Peer specialist"]),
    ],
)
def test_who_is_of_the_team_beside_peer_support_signs_as_that(
    asked: dict[str, Any], roles: list[str]
) -> None:
    found = applied(application(peer_specialist="Practitioner/peer", **asked))

    [team] = found["CareTeam"]
    [told] = [e for e in team["participant"] if e["member"]["reference"] == "Practitioner/peer"]
    assert [each["text"] for each in told["role"]] == roles
    owners = [e["owner"]["reference"] for e in found["Task"] if e["code"]["text"] == SIGN]
    assert ("Practitioner/peer" in owners) is (len(roles) > 1)


def test_who_was_prepared_as_a_peer_and_is_asked_as_a_clinician_signs() -> None:
    peer = {"role": [{"text": "Peer specialist"}], "member": {"reference": "Practitioner/peer"}}
    prepared = {"resourceType": "CareTeam", "id": "t", "participant": [peer]}

    alone = care_team.taken_over(prepared, {"name": "Team", "participant": [peer]})
    both = care_team.taken_over(
        prepared, {"name": "Team", "participant": [peer | {"role": [{"text": "Clinician"}]}]}
    )

    assert (signers([alone], ()), signers([both], ())) == ([], ["Practitioner/peer"])
