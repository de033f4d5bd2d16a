"""The preferences that the record keeps: of the Patient, of a self-referral, of Observations.

A QuestionnaireResponse to the Questionnaire `self-referral` tells them in items whose linkId is the
name of the preference; an Observation of the category social-history by a code of that name, whose
`effectiveTiming` says when the person is busy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain.preferences import BUSY, NAMES
from shared.care.canonical import CANONICAL, code_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.plan_api.domain.preferences import Wishes
    from shared.fhir.reader import JsonObject

SELF_REFERRAL: Final = f"{CANONICAL}/Questionnaire/self-referral"
PREFERENCE: Final = code_system("preference")
_NEEDS_INTERPRETER: Final = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"
_YES: Final = "373066001"
_SAID: Final = frozenset({"final", "amended", "corrected"})
_ANSWERED: Final = frozenset({"completed", "amended"})
# A service is asked for by a clinician, never by what was kept.
_KEPT: Final = frozenset(NAMES) - {"service"}


def of_patient(patient: JsonObject) -> Wishes:
    """Read the language of a person, and whether they need an interpreter."""
    languages = [each for each in patient.get("communication", ()) if each.get("preferred")]
    codes = [c["code"] for e in languages for c in e["language"].get("coding", ()) if "code" in c]
    needs = any(_asks_for_interpreter(each) for each in patient.get("extension", ()))
    return {"language": codes[:1], "interpreter": [True] if needs else []}


def of_observation(observation: JsonObject) -> Wishes:
    """Read a preference, or a time at which the person is busy."""
    codings = observation.get("code", {}).get("coding", ())
    names = [e["code"] for e in codings if e.get("system") == PREFERENCE and e["code"] in _KEPT]
    if not names or observation.get("status") not in _SAID:
        return {}
    [name, *_] = names
    timing = observation.get("effectiveTiming") if name in BUSY else None
    return {name: [timing] if timing else list(_values(observation))}


def of_response(response: JsonObject) -> Wishes:
    """Read the preferences of a self-referral."""
    asked = str(response.get("questionnaire", "")).partition("|")[0]
    if asked != SELF_REFERRAL or response.get("status") not in _ANSWERED:
        return {}
    wishes: Wishes = {}
    for item in _items(response):
        if item.get("linkId") in _KEPT:
            values = [v for answer in item.get("answer", ()) for v in _values(answer)]
            wishes.setdefault(item["linkId"], []).extend(values)
    return wishes


def _asks_for_interpreter(extension: JsonObject) -> bool:
    if extension.get("url") == _US_CORE:
        return bool(extension.get("valueCoding", {}).get("code") == _YES)
    return extension.get("url") == _NEEDS_INTERPRETER and extension.get("valueBoolean") is True


def _values(element: JsonObject) -> Iterator[Any]:
    codings = (
        element.get("valueCoding"),
        *element.get("valueCodeableConcept", {}).get("coding", ()),
    )
    code = next((each["code"] for each in codings if each and "code" in each), None)
    if code is not None:
        yield code
    elif "valueBoolean" in element:
        yield element["valueBoolean"]


def _items(element: JsonObject) -> Iterator[JsonObject]:
    for item in element.get("item", ()):
        yield item
        yield from _items(item)
        for answer in item.get("answer", ()):
            yield from _items(answer)
