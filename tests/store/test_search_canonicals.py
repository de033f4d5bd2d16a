"""Canonical addresses lead to definitions by url and version, in every direction, and never unseen.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.store.reading import Reading
from shared.store.search import Shown
from shared.store.version import Key
from tests.access.test_narrowings import without
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.access.access import Access
    from shared.store.narrowing import Use

PHQ: Final = "https://forms.example/Questionnaire/phq"
GAD: Final = "https://forms.example/Questionnaire/gad"
PLAN: Final = "https://plans.example/PlanDefinition/iop"


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


def resource(resource_type: str, logical_id: str, **members: object) -> dict[str, Any]:
    return {"resourceType": resource_type, "id": logical_id, **members}


def answer(logical_id: str, questionnaire: str, patient: str = "p1") -> dict[str, Any]:
    subject = {"reference": f"Patient/{patient}"}
    members = {"status": "completed", "subject": subject, "questionnaire": questionnaire}
    return resource("QuestionnaireResponse", logical_id, **members)


WORLD: Final[list[dict[str, Any]]] = [
    resource("Patient", "p1"),
    resource("Patient", "p2"),
    resource("Questionnaire", "phq1", url=PHQ, version="1", title="PHQ-9", status="retired"),
    resource("Questionnaire", "phq2", url=PHQ, version="2", title="PHQ-9", status="active"),
    resource("Questionnaire", "gad", url=GAD, title="GAD-7", status="active"),
    resource("Questionnaire", "own", title="Own", status="active"),
    resource("PlanDefinition", "iop", url=PLAN, version="3", title="IOP", status="active",
        action=[{"definitionCanonical": f"{PHQ}|1"}, {"definitionUri": GAD}]),
    # Neither a type that `questionnaire` leads to, nor a definition at all.
    resource("ValueSet", "phq", url=PHQ, version="2", status="active"),
    resource("Device", "phq", url=PHQ),
    answer("any", PHQ),
    answer("one", f"{PHQ}|1"),
    answer("two", f"{PHQ}|2", "p2"),
    answer("three", f"{PHQ}|3"),
    answer("anxious", GAD),
    answer("anxious2", f"{GAD}|2"),
    answer("here", "Questionnaire/own", "p2"),
    answer("nowhere", "https://forms.example/Questionnaire/own"),
    resource(
        "CarePlan", "plan", status="active", subject={"reference": "Patient/p1"},
        instantiatesCanonical=[f"{PLAN}|3", f"{PHQ}|2", f"{PLAN}|4"],
    ),
]  # fmt: skip
ANY_PHQ: Final = "any one two"
ANSWERED: Final = "phq1 phq2 gad own"
LED_TO: Final = {
    "any": "phq1 phq2", "one": "phq1", "two": "phq2", "three": "", "anxious": "gad",
    "anxious2": "", "here": "own", "nowhere": "",
}  # fmt: skip


@pytest.fixture(scope="module")
async def record(connection: asyncpg.Connection) -> Record:
    record = Record(connection)
    await record.write([dict(each) for each in WORLD])
    return record


async def shown(record: Record, asked: str, beside: str, access: Access | None = None) -> list[str]:
    """Include beside matches."""
    keys = [Key(*each.split("/")) for each in beside.split()]
    name, _, text = asked.partition("=")
    query = record.query(keys[0].type, (name, text))
    reading = Reading(record.connection, access or record.access, b"")
    matches = [Shown(key, record.pks[str(key)]) for key in keys]
    found, _ = await reading.included(query.includes, matches)
    return [str(each.key) for each in found]


@pytest.mark.parametrize("name", LED_TO)
async def test_an_address_leads_to_its_version_or_to_each(record: Record, name: str) -> None:
    asked = "_include=QuestionnaireResponse:questionnaire"
    found = await shown(record, asked, f"QuestionnaireResponse/{name}")
    assert found == [f"Questionnaire/{each}" for each in LED_TO[name].split()]


@pytest.mark.parametrize("name", ["phq1", "phq2", "gad", "own"])
async def test_what_leads_to_a_definition_is_the_same_backwards(record: Record, name: str) -> None:
    there = [each for each, found in LED_TO.items() if name in found.split()]
    asked = "_revinclude=QuestionnaireResponse:questionnaire"
    found = await shown(record, asked, f"Questionnaire/{name}")
    assert found == [f"QuestionnaireResponse/{each}" for each in there]
    assert await record.find("QuestionnaireResponse", ("questionnaire._id", name)) == there


@pytest.mark.parametrize(
    ("asked", "beside", "found"),
    [
        (
            "_include=CarePlan:instantiates-canonical",
            "CarePlan/plan",
            "Questionnaire/phq2 PlanDefinition/iop",
        ),
        (
            "_include=CarePlan:instantiates-canonical:PlanDefinition",
            "CarePlan/plan",
            "PlanDefinition/iop",
        ),
        ("_revinclude=CarePlan:instantiates-canonical", "PlanDefinition/iop", "CarePlan/plan"),
        (
            "_include=PlanDefinition:definition",
            "PlanDefinition/iop",
            "Questionnaire/phq1 Questionnaire/gad",
        ),
        (
            "_revinclude:iterate=QuestionnaireResponse:questionnaire",
            "Questionnaire/phq1",
            "QuestionnaireResponse/any QuestionnaireResponse/one",
        ),
    ],
)
async def test_beside_a_match_stands(record: Record, asked: str, beside: str, found: str) -> None:
    assert await shown(record, asked, beside) == found.split()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("QuestionnaireResponse?questionnaire.title=phq", ANY_PHQ),
        ("QuestionnaireResponse?questionnaire.title=phq&_sort=-_id", "two one any"),
        ("QuestionnaireResponse?questionnaire.version=2", "any two"),
        ("QuestionnaireResponse?questionnaire:Questionnaire.status=retired", "any one"),
        ("QuestionnaireResponse?questionnaire.title=own&subject=Patient/p2", "here"),
        ("QuestionnaireResponse?questionnaire.title=own&subject=Patient/p1", ""),
        ("CarePlan?instantiates-canonical.definition.title=phq", "plan"),
        ("CarePlan?instantiates-canonical:PlanDefinition.definition.title=own", ""),
        ("QuestionnaireResponse?questionnaire.title=phq&patient.gender:missing=true", ANY_PHQ),
        ("CarePlan?instantiates-canonical:PlanDefinition.title=iop", "plan"),
        ("CarePlan?instantiates-canonical.title=phq", "plan"),
        ("CarePlan?instantiates-canonical.title=gad", ""),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed", ANSWERED),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:subject=Patient/p2", "phq2 own"),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:status=amended", ""),
        ("Questionnaire?title=phq&_has:QuestionnaireResponse:questionnaire:patient=p2", "phq2"),
        ("PlanDefinition?_has:CarePlan:instantiates-canonical:status=active", "iop"),
        ("Patient?_has:QuestionnaireResponse:patient:questionnaire.title=gad", "p1"),
    ],
)  # fmt: skip
async def test_a_chain_finds(record: Record, asked: str, found: str) -> None:
    name, _, pairs = asked.partition("?")
    split = [each.partition("=") for each in pairs.split("&")]
    query = record.query(name, *((code, text) for code, _, text in split))
    assert await record.ids(query) == found.split()
    assert await record.count(query) == len(found.split())


async def test_nothing_is_told_of_what_the_caller_may_not_see(record: Record) -> None:
    there = "QuestionnaireResponse/any QuestionnaireResponse/two"
    include, reverse = (
        f"{each}=QuestionnaireResponse:questionnaire" for each in ("_include", "_revinclude")
    )
    chain = record.query("QuestionnaireResponse", ("questionnaire.title", "phq"))
    has = record.query(
        "Questionnaire", ("_has:QuestionnaireResponse:questionnaire:status", "completed")
    )
    of_p2 = record.limited("p2")
    assert await shown(record, include, there, of_p2) == []
    assert await shown(record, reverse, "Questionnaire/phq2", of_p2) == [
        "QuestionnaireResponse/two"
    ]
    assert await record.ids(chain, of_p2) == []
    no_forms = replace(record.access, types=frozenset(TYPE_CODE) - {"Questionnaire"})
    assert await shown(record, include, there, no_forms) == []
    assert await record.ids(chain, no_forms) == []
    no_answers = replace(record.access, types=frozenset(TYPE_CODE) - {"QuestionnaireResponse"})
    assert await shown(record, reverse, "Questionnaire/phq2", no_answers) == []
    assert await record.ids(has, no_answers) == []


@pytest.mark.parametrize(
    ("use", "asked", "hidden"),
    [
        ("include", "_include=QuestionnaireResponse:questionnaire", "Questionnaire"),
        ("revinclude", "_revinclude=QuestionnaireResponse:questionnaire", "QuestionnaireResponse"),
        ("chain", "questionnaire.title=phq", "Questionnaire"),
        (
            "has",
            "_has:QuestionnaireResponse:questionnaire:status=completed",
            "QuestionnaireResponse",
        ),
    ],
)
async def test_each_narrowing_is_needed(
    record: Record, use: Use, asked: str, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ({"Questionnaire", "QuestionnaireResponse"} - {hidden}).pop()
    beside = "Questionnaire/phq2" if seen == "Questionnaire" else "QuestionnaireResponse/two"
    access = replace(record.access, types=frozenset(TYPE_CODE) - {hidden})
    name, _, text = asked.partition("=")

    async def told() -> list[str]:
        if "include" in use:
            return await shown(record, asked, beside, access)
        return await record.ids(record.query(seen, (name, text)), access)

    assert await told() == []
    without(monkeypatch, (use,))
    assert await told()
