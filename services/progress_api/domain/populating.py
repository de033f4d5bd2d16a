"""A Questionnaire begun for somebody: what it gives at first, and what the record knows already.

Of expressions, only those that name one element of the Patient are read.
https://hl7.org/fhir/uv/sdc/populate.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
_INITIAL: Final = f"{_SDC}/sdc-questionnaire-initialExpression"
_OF_PATIENT: Final = re.compile(r"%patient\.([a-zA-Z]+)")
# How the value of an element of the Patient answers an item of a type.
_VALUES: Final = {
    "boolean": ("valueBoolean", bool),
    "date": ("valueDate", str),
    "dateTime": ("valueDateTime", str),
    "string": ("valueString", str),
    "text": ("valueString", str),
}


@dataclass(frozen=True, slots=True)
class Populated:
    """The response as it begins, and what could not be filled in."""

    response: JsonObject
    issues: tuple[Issue, ...]


def populated(questionnaire: JsonObject, patient: JsonObject, authored: str) -> Populated:
    """Begin a response of a person to a Questionnaire."""
    subject = {"reference": f"Patient/{patient['id']}"}
    items = [_item(each, patient) for each in _questions(questionnaire)]
    response = {
        "resourceType": "QuestionnaireResponse",
        **_canonical(questionnaire),
        "status": "in-progress",
        "subject": subject,
        "authored": authored,
        "source": subject,
        **({"item": items} if items else {}),
    }
    return Populated(response, tuple(_issues(questionnaire, "Questionnaire")))


def _canonical(questionnaire: JsonObject) -> JsonObject:
    url, version = questionnaire.get("url"), questionnaire.get("version")
    if url is None:
        return {}
    return {"questionnaire": url if version is None else f"{url}|{version}"}


def _questions(parent: JsonObject) -> list[JsonObject]:
    return [each for each in parent.get("item", ()) if each.get("type") != "display"]


def _item(item: JsonObject, patient: JsonObject) -> JsonObject:
    begun: dict[str, Any] = {name: item[name] for name in ("linkId", "text") if name in item}
    below = [_item(each, patient) for each in _questions(item)]
    answers = _answers(item, patient)
    if item.get("type") == "group" or not answers:
        return begun | ({"item": below} if below else {})
    if below:
        answers[0] = answers[0] | {"item": below}
    return begun | {"answer": answers}


def _answers(item: JsonObject, patient: JsonObject) -> list[JsonObject]:
    expression = _expression(item)
    element = _OF_PATIENT.fullmatch(expression or "")
    if element is not None:
        return list(_known(item, patient.get(element[1])))
    chosen = [_values(each) for each in item.get("answerOption", ()) if each.get("initialSelected")]
    return chosen or [_values(each) for each in item.get("initial", ())]


def _known(item: JsonObject, value: object) -> Iterator[JsonObject]:
    """Give what an element of the Patient answers; nothing where it does not fit the item."""
    if item.get("type") == "choice":
        options = (_values(each) for each in item.get("answerOption", ()))
        yield from (each for each in options if each.get("valueCoding", {}).get("code") == value)
        return
    name, kind = _VALUES.get(item.get("type", ""), ("", None))
    if kind is not None and isinstance(value, kind):
        yield {name: value}


def _values(given: JsonObject) -> JsonObject:
    return {name: value for name, value in given.items() if name.startswith("value")}


def _expression(item: JsonObject) -> str | None:
    for each in item.get("extension", ()):
        if each.get("url") == _INITIAL:
            told: str = each.get("valueExpression", {}).get("expression", "")
            return told
    return None


def _issues(parent: JsonObject, path: str) -> Iterator[Issue]:
    for number, item in enumerate(parent.get("item", ())):
        place = f"{path}.item[{number}]"
        expression = _expression(item)
        if expression is not None and not _OF_PATIENT.fullmatch(expression):
            told = "This expression is not read; one element of %patient is, as %patient.gender."
            yield Issue("warning", "not-supported", told, place)
        yield from _issues(item, place)
