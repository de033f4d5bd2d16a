"""The preferences that the record keeps: of the Patient, of a self-referral, of Observations.

A QuestionnaireResponse to the Questionnaire `self-referral` tells them in items whose linkId is the
name of the preference; an Observation of the category social-history by a code of that name, whose
`effectiveTiming` says when the person is busy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain.preferences import BUSY, NAMES
from shared.care.canonical import CANONICAL, code_system
from shared.care.interpreter import languages, needs_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.plan_api.domain.preferences import Wishes
    from shared.fhir.reader import JsonObject

SELF_REFERRAL: Final = f"{CANONICAL}/Questionnaire/self-referral"
PREFERENCE: Final = code_system("preference")
_SAID: Final = frozenset({"final", "amended", "corrected"})
_ANSWERED: Final = frozenset({"completed", "amended"})
# A service is asked for by a clinician, never by what was kept.
_KEPT: Final = frozenset(NAMES) - {"service"}
# What is told by a code; anything else is said by yes or no.
_CODES: Final = frozenset({"session-time", "language", "skill", "topic"})


def of_patient(patient: JsonObject) -> Wishes:
    """Read the language of a person, and whether they need an interpreter."""
    needs = needs_interpreter(patient)
    return {"language": languages(patient)[:1], "interpreter": [True] if needs else []}


def of_observation(observation: JsonObject) -> Wishes:
    """Read a preference, or a time at which the person is busy."""
    codings = observation.get("code", {}).get("coding", ())
    told = [each.get("code") for each in codings if each.get("system") == PREFERENCE]
    names = [each for each in told if each in _KEPT]
    if not names or observation.get("status") not in _SAID:
        return {}
    [name, *_] = names
    timing = observation.get("effectiveTiming") if name in BUSY else None
    return {name: [timing] if timing else list(_values(name, observation))}


def of_response(response: JsonObject) -> Wishes:
    """Read the preferences of a self-referral."""
    asked = str(response.get("questionnaire", "")).partition("|")[0]
    if asked != SELF_REFERRAL or response.get("status") not in _ANSWERED:
        return {}
    wishes: Wishes = {}
    for item in _items(response):
        name = item.get("linkId", "")
        if name in _KEPT:
            values = [v for answer in item.get("answer", ()) for v in _values(name, answer)]
            wishes.setdefault(name, []).extend(values)
    return wishes


def _values(name: str, element: JsonObject) -> Iterator[Any]:
    """Give what is told by the value that a preference has; any other tells nothing of it."""
    if name not in _CODES:
        yield from (element[each] for each in ("valueBoolean",) if each in element)
        return
    codings = (
        element.get("valueCoding"),
        *element.get("valueCodeableConcept", {}).get("coding", ()),
    )
    yield from [each["code"] for each in codings if each and "code" in each][:1]


def _items(element: JsonObject) -> Iterator[JsonObject]:
    for item in element.get("item", ()):
        yield item
        yield from _items(item)
        for answer in item.get("answer", ()):
            yield from _items(answer)
