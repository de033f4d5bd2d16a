"""The statement says what is served, and nothing else."""

from __future__ import annotations

import copy
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from services.ownership import SERVICES, ServiceName, owner_of
from shared.fhir.definitions import RESOURCE_TYPES, search_parameters
from shared.fhir.errors import MethodNotAllowed, NotFound
from shared.fhir.search.parameters import served_parameters
from shared.fhir.validation import validate
from shared.server.capabilities import capability_statement
from shared.server.routing import route
from shared.server.served import interactions_of
from tests.unit.server.definitions import ADMIT, DEFINITIONS, PROFILE, definition

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = "http://127.0.0.1:8000/fhir"

# An address and a method for each interaction, as a client would use them.
ASKED = {
    "read": ("GET", "{}/1"),
    "vread": ("GET", "{}/1/_history/1"),
    "update": ("PUT", "{}/1"),
    "patch": ("PATCH", "{}/1"),
    "delete": ("DELETE", "{}/1"),
    "history-instance": ("GET", "{}/1/_history"),
    "history-type": ("GET", "{}/_history"),
    "create": ("POST", "{}"),
    "search-type": ("GET", "{}"),
}
# Every shape that an address has, of a type and of the system.
SHAPES = (
    "{}", "{}/1", "{}/_history", "{}/1/_history", "{}/1/_history/1", "{}/_search", "{}/1/x", "{}/*",
    "Patient/1/{}",
)  # fmt: skip
SYSTEM_SHAPES = ("", "_history", "_search", "metadata", "*", "Patient/1/*")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# A Bundle is a transaction or a batch; capabilities are what states all this.
STATED_AS = {"bundle": {"transaction", "batch"}, "capabilities": set[str]()}
# What an AuditEvent can be asked, and searched by.
READS = {"read", "search-type"}
SERVED = {"AuditEvent": READS, "Binary": set(ASKED) - {"patch"}}
AUDIT_PARAMETERS = {
    code for code, each in search_parameters("AuditEvent").items() if each.type != "special"
}


def stated(*names: ServiceName) -> dict[str, Any]:
    return capability_statement(*map(definition, names), base=BASE, software_version="1.2.3")


def resources(statement: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {resource["type"]: resource for resource in statement["rest"][0]["resource"]}


@pytest.mark.parametrize("names", [*((name,) for name in SERVICES), SERVICES])
def test_the_statement_is_a_valid_resource(names: tuple[ServiceName, ...]) -> None:
    statement = stated(*names)

    assert validate(statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == BASE
    broken = copy.deepcopy(statement)
    del broken["kind"]
    assert validate(broken) != []


def test_the_same_definitions_give_the_same_statement() -> None:
    assert stated(*SERVICES) == stated(*SERVICES)


def test_its_date_is_the_one_given() -> None:
    statement = capability_statement(*DEFINITIONS, base=BASE, software_version="1", date="2027-01")

    assert statement["date"] == "2027-01"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_states_interactions_of_its_own_types_only(name: ServiceName) -> None:
    for resource_type, resource in resources(stated(name)).items():
        assert ("interaction" in resource) == (owner_of(resource_type) == name)


def test_the_union_states_every_type_that_is_served() -> None:
    served = {name for name in RESOURCE_TYPES if interactions_of(name)}

    assert set(resources(stated(*SERVICES))) == served == set(RESOURCE_TYPES)


def test_an_audit_event_is_stated_to_be_read_and_searched_only() -> None:
    told = resources(stated("intake"))["AuditEvent"]

    assert [each["code"] for each in told["interaction"]] == ["read", "search-type"]
    assert {each["name"] for each in told["searchParam"]} == AUDIT_PARAMETERS
    assert told["versioning"] == "versioned"
    for refused in ("readHistory", "updateCreate", "conditionalCreate", "conditionalUpdate"):
        assert told[refused] is False
    for interaction, (method, path) in ASKED.items():
        if interaction not in READS:
            with pytest.raises(MethodNotAllowed):
                route(method, path.format("AuditEvent"))
    assert route("POST", "Provenance")[0] == "create"


@pytest.mark.parametrize("interaction", ASKED)
def test_what_is_stated_is_routed(interaction: str) -> None:
    method, path = ASKED[interaction]
    for resource_type, resource in resources(stated(*SERVICES)).items():
        codes = [each["code"] for each in resource["interaction"]]
        assert set(codes) == SERVED.get(resource_type, set(ASKED))
        if interaction in codes:
            assert route(method, path.format(resource_type))[0] == interaction


def reachable(shapes: Iterable[str], resource_type: str) -> set[str]:
    """Every interaction that some method at some address leads to."""
    found: set[str] = set()
    for method, shape in itertools.product(METHODS, shapes):
        with suppress(MethodNotAllowed, NotFound):
            interaction = route(method, shape.format(resource_type))[0]
            found |= STATED_AS.get(interaction, {interaction})
    return found


def test_the_router_leads_to_what_is_stated_of_each_type_and_to_nothing_else() -> None:
    for resource_type, resource in resources(stated(*SERVICES)).items():
        codes = {each["code"] for each in resource["interaction"]}
        assert reachable(SHAPES, resource_type) == codes


def test_the_router_leads_to_what_is_stated_of_the_system_and_to_nothing_else() -> None:
    rest = stated(*SERVICES)["rest"][0]

    assert reachable(SYSTEM_SHAPES, "") == {each["code"] for each in rest["interaction"]}
    assert reachable(("metadata",), "") == set()
    assert route("GET", "metadata") == ("capabilities", {})


def test_how_references_are_kept_is_stated() -> None:
    told = resources(stated(*SERVICES))

    assert told["Patient"]["referencePolicy"] == ["literal", "logical", "enforced"]
    assert told["AuditEvent"]["referencePolicy"] == ["literal"]


def test_what_is_not_stated_is_not_routed() -> None:
    with pytest.raises(MethodNotAllowed):
        route("POST", "Patient/1")
    with pytest.raises(MethodNotAllowed):
        route("PATCH", "metadata")


@pytest.mark.parametrize(
    ("method", "code"), [("PUT", "update"), ("PATCH", "patch"), ("DELETE", "delete")]
)
def test_a_write_without_an_id_is_conditional_and_stated(method: str, code: str) -> None:
    assert route(method, "Patient") == (code, {"type": "Patient"})
    with pytest.raises(MethodNotAllowed):
        route(method, "AuditEvent")
    told = resources(stated("intake"))
    assert told["Patient"]["conditionalUpdate"] is True
    assert told["Patient"]["conditionalDelete"] == "single"
    assert told["AuditEvent"]["conditionalUpdate"] is False
    assert told["AuditEvent"]["conditionalDelete"] == "not-supported"
    assert stated("intake")["patchFormat"] == [
        "application/json-patch+json",
        "application/fhir+json",
    ]


def test_every_search_parameter_that_is_served_is_stated_with_its_type() -> None:
    for resource_type, resource in resources(stated(*SERVICES)).items():
        told = {each["name"]: each for each in resource["searchParam"]}
        served = served_parameters(resource_type)
        assert told.keys() == served.keys()
        assert all(told[code]["type"] == served[code].type for code in served)
        assert all(each["definition"] and each["documentation"] for each in told.values())


def test_what_every_search_takes_is_stated_of_the_system() -> None:
    told = {
        name: [each["name"] for each in stated(name)["rest"][0]["searchParam"]] for name in SERVICES
    }

    assert told["plan"] == told["progress"] == ["_has", "_list"]
    assert told["intake"] == ["_has", "_list", "_type"]


def test_every_reference_that_can_be_followed_is_stated_at_both_ends() -> None:
    told = resources(stated(*SERVICES))
    includes = {each for one in told.values() for each in one.get("searchInclude", ())}
    reverse = {each for one in told.values() for each in one.get("searchRevInclude", ())}
    assert includes == reverse
    assert "Observation:subject" in told["Observation"]["searchInclude"]
    assert "Observation:subject" in told["Patient"]["searchRevInclude"]
    assert "Observation:subject" not in told["Encounter"]["searchRevInclude"]
    assert "AuditEvent:patient" in told["AuditEvent"]["searchInclude"]
    assert told["AuditEvent"]["searchRevInclude"] == ["AuditEvent:entity"]
    # Only the service that reads the audit shows it beside what it tells of.
    assert "AuditEvent:patient" in told["Patient"]["searchRevInclude"]
    others = resources(stated("plan"))["CarePlan"], resources(stated("progress"))["Observation"]
    beside = [each for one in others for each in one["searchRevInclude"]]
    assert beside
    assert not [each for each in beside if each.startswith("AuditEvent:")]


def test_only_the_keeper_of_the_door_takes_bundles() -> None:
    system = {name: stated(name)["rest"][0].get("interaction") for name in SERVICES}

    assert system["intake"] == [
        {"code": "transaction"},
        {"code": "batch"},
        {"code": "history-system"},
        {"code": "search-system"},
    ]
    assert system["plan"] is None
    assert system["progress"] is None
    assert stated(*SERVICES)["rest"][0]["interaction"] == system["intake"]


def test_an_operation_stands_with_its_type_at_the_service_that_serves_it() -> None:
    url = "https://stepdown.example/fhir/OperationDefinition/EpisodeOfCare-admit"
    told = {"name": "admit", "definition": url, "documentation": ADMIT.description}

    assert resources(stated("intake"))["EpisodeOfCare"]["operation"] == [told]
    assert "EpisodeOfCare" not in resources(stated("plan"))


def test_an_operation_on_a_type_of_another_service_is_stated_without_its_interactions() -> None:
    patient = resources(stated("progress"))["Patient"]

    assert patient.keys() == {"type", "operation"}
    assert "interaction" in resources(stated(*SERVICES))["Patient"]
    assert resources(stated(*SERVICES))["Patient"]["operation"] == patient["operation"]


def test_an_operation_of_every_service_is_stated_once_for_all() -> None:
    assert [each["name"] for each in stated(*SERVICES)["rest"][0]["operation"]] == ["clock"]


def test_a_published_profile_is_stated_with_its_type() -> None:
    plan = resources(stated("plan"))

    assert plan["CarePlan"]["supportedProfile"] == [PROFILE["url"]]
    assert "supportedProfile" not in plan["Goal"]
