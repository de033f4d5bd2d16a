"""Finds what the record says of a person for whom a plan is made, and what they prefer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import kept_preferences
from services.plan_api.domain.needs import Known
from services.plan_api.domain.people import called
from shared.fhir.references import parse_reference
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.plan_api.domain.preferences import Wishes
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.reading import Reading

_CALLED: Final = frozenset({"Organization", "Patient", "Practitioner", "RelatedPerson"})
_LIVE: Final = "active,recurrence,relapse"


async def known_of(
    reading: Reading, patient: str, speaking: Sequence[str], names: Mapping[str, str]
) -> tuple[Known, list[Wishes]]:
    """Read what is known of a person, and the preferences kept, the oldest first."""
    of_them = ("patient", patient)
    person = await fetch(reading, _key(patient))
    related = _all(await find(reading, "RelatedPerson", of_them))
    known = Known(
        patient=person.content if person else None,
        conditions=await live_conditions(reading, patient),
        consents=_all(await find(reading, "Consent", of_them, ("status", "active"))),
        related=related,
        languages=frozenset([each for one in speaking for each in await _languages(reading, one)]),
        names={
            **names,
            **{f"RelatedPerson/{e['id']}": name for e in related if (name := called(e))},
        },
    )
    asked = ("questionnaire", kept_preferences.SELF_REFERRAL)
    responses = await find(reading, "QuestionnaireResponse", of_them, asked)
    code = ("code", f"{kept_preferences.PREFERENCE}|")
    observations = await find(reading, "Observation", of_them, code)
    kept = [
        kept_preferences.of_patient(known.patient or {}),
        *map(kept_preferences.of_response, _all(responses)),
        *map(kept_preferences.of_observation, _all(observations)),
    ]
    return known, kept


async def names_of(
    reading: Reading, references: Iterable[str], bases: tuple[str, ...]
) -> dict[str, str]:
    """Read how people and organizations are called, by the references that name them."""
    names: dict[str, str] = {}
    for each in dict.fromkeys(references):
        link = parse_reference(each, bases)
        is_known = link.kind == "local" and link.type in _CALLED
        found = await fetch(reading, Key(str(link.type), str(link.id))) if is_known else None
        if found is not None and (name := called(found.content)):
            names[each] = name
    return names


async def live_conditions(reading: Reading, patient: str) -> list[JsonObject]:
    """Read the conditions that a person has now, the oldest first."""
    asked = ("patient", patient), ("clinical-status", _LIVE)
    return _all(await find(reading, "Condition", *asked))


async def _languages(reading: Reading, practitioner: str) -> list[str]:
    found = await fetch(reading, _key(practitioner))
    spoken = found.content.get("communication", ()) if found else ()
    return [each["code"] for one in spoken for each in one.get("coding", ()) if "code" in each]


def _all(found: Sequence[Found]) -> list[JsonObject]:
    oldest_first = sorted(found, key=lambda each: (each.version.updated, each.key.id))
    return [each.content for each in oldest_first]


def _key(reference: str) -> Key:
    resource_type, _, logical_id = reference.partition("/")
    return Key(resource_type, logical_id)
