"""A self-referral: what somebody has answered who asks for a place, and what follows from it.

Ids derive from the response, so that an amended one changes nothing that was opened.
https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.intake_api.domain.follow_up.opening import PROGRAMME_TEXT
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import CANONICAL, code_system, profile
from shared.care.episode import PROGRAMME
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("self-referral", "1.0", "Refers who asks for a place by themselves")
QUESTIONNAIRE: Final = f"{CANONICAL}/Questionnaire/self-referral"
_TASK: Final = code_system("task")
_PREFERENCE: Final = code_system("preference")
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_FACTS: Final = (
    *("session-time", "work", "school", "caregiving"),
    *("language", "interpreter", "telehealth"),
)
_DONE: Final = frozenset({"completed", "amended"})
_WHO: Final = (
    *("given", "family", "birth-date", "phone"),
    *("identifier-system", "identifier-value"),
)
# What each item asks for. A response may hold anything else, which is for a person to read.
_ASKED: Final = {
    **dict.fromkeys((*_WHO, "guardian-name", "guardian-phone"), "valueString"),
    **dict.fromkeys(_FACTS, "valueBoolean"),
    **dict.fromkeys(("session-time", "language"), "valueCoding"),
    "birth-date": "valueDate",
    "identifier-system": "valueUri",
}


def is_self_referral(response: JsonObject) -> bool:
    """Tell whether a response is a self-referral that was completed."""
    asked = str(response.get("questionnaire", "")).partition("|")[0]
    return asked == QUESTIONNAIRE and response.get("status") in _DONE


@dataclass(frozen=True)
class SelfReferral:
    """A completed response, with its answers by linkId."""

    response: JsonObject

    @property
    def reference(self) -> str:
        """Refer to the response."""
        return f"QuestionnaireResponse/{self.response['id']}"

    def id_of(self, purpose: str) -> str:
        """Derive the id of what follows from it."""
        return derived_id(self.reference, f"self-referral/{purpose}")

    def answer(self, link_id: str) -> Any:  # noqa: ANN401
        """Give the first answer of an item that is what it asks for; None where there is none."""
        asked = _ASKED[link_id]
        return next((value for name, value in self._answers(link_id) if name == asked), None)

    @property
    def unread(self) -> list[str]:
        """Name the items that were answered otherwise than they ask."""
        return [each for each in _ASKED if self._is_unread(each)]

    @property
    def is_who_unread(self) -> bool:
        """Whether something of who it is was answered otherwise than it is asked."""
        return any(self._is_unread(each) for each in _WHO)

    def _is_unread(self, link_id: str) -> bool:
        return any(name != _ASKED[link_id] for name, _ in self._answers(link_id))

    def _answers(self, link_id: str) -> Iterator[tuple[str, Any]]:
        for item in _items(self.response):
            for answer in item.get("answer", ()) if item.get("linkId") == link_id else ():
                yield from ((n, value) for n, value in answer.items() if n.startswith("value"))

    @property
    def authored(self) -> str:
        """Tell when it was answered, as far as the response says."""
        authored: str = self.response.get("authored", self.response["meta"]["lastUpdated"])
        return authored

    def patient(self) -> JsonObject:
        """Describe the person as they have described themselves."""
        given, family = self.answer("given"), self.answer("family")
        name = ({"family": family} if family else {}) | ({"given": [given]} if given else {})
        system, value = self.answer("identifier-system"), self.answer("identifier-value")
        told: JsonObject = {
            "name": [name] if name else [],
            "birthDate": self.answer("birth-date"),
            "telecom": _phone(self.answer("phone")),
            "identifier": [{"system": system, "value": value}] if system and value else [],
            "communication": _spoken(self.answer("language")),
        }
        said = {name: value for name, value in told.items() if value}
        return {"resourceType": "Patient", "id": self.id_of("patient")} | said

    def opened(self, person: str) -> list[JsonObject]:
        """Write the referral and the Task to look at it; an episode is planned for the two."""
        request: JsonObject = {
            "resourceType": "ServiceRequest",
            "id": self.id_of("referral"),
            "status": "active",
            "intent": "proposal",
            "code": {"coding": [PROGRAMME], "text": PROGRAMME_TEXT},
            "subject": {"reference": person},
            "authoredOn": self.authored,
            "requester": {"reference": person},
            "supportingInfo": [{"reference": self.reference}],
        }
        task = self._task("referral", "Review of a self-referral", person) | {
            "focus": {"reference": f"ServiceRequest/{request['id']}"},
            "requester": {"reference": person},
        }
        if self.unread:
            told = (
                f"Read in the answers what is said otherwise than asked: {', '.join(self.unread)}."
            )
            task |= {"description": told}
        return [request, task, *self._guardian(person)]

    def alarm(self, person: str | None) -> JsonObject | None:
        """Ask for a look at once where danger is told, and soon where it was not answered."""
        danger = [value for _, value in self._answers("danger")]
        if danger and all(each is False for each in danger):
            return None
        told = "tells of thoughts of harming oneself. Reach the person immediately."
        unsaid = "leaves open whether there are thoughts of harming oneself. Ask today."
        priority, text = ("stat", told) if danger else ("urgent", unsaid)
        task = self._task("safety-review", "Safety review", person)
        about = {"focus": {"reference": self.reference}}
        return task | about | {"priority": priority, "description": f"A self-referral {text}"}

    def facts(self, person: str) -> list[JsonObject]:
        """Write what was answered about when and how the person can come."""
        answers = {name: self.answer(name) for name in _FACTS}
        return [
            self._fact(name, value, person) for name, value in answers.items() if value is not None
        ]

    def _fact(self, name: str, value: object, person: str) -> JsonObject:
        is_code = isinstance(value, dict)
        said = {"valueCodeableConcept": {"coding": [value]}} if is_code else {"valueBoolean": value}
        return {
            "resourceType": "Observation",
            "id": self.id_of(name),
            "status": "final",
            "category": [{"coding": [{"system": _CATEGORY, "code": "social-history"}]}],
            "code": {"coding": [{"system": _PREFERENCE, "code": name}], "text": name},
            "subject": {"reference": person},
            "effectiveDateTime": self.authored,
            "performer": [{"reference": person}],
            "derivedFrom": [{"reference": self.reference}],
            **said,
        }

    def _task(self, code: str, text: str, person: str | None) -> JsonObject:
        task: JsonObject = {
            "resourceType": "Task",
            "id": self.id_of(code),
            "status": "requested",
            "intent": "order",
            "priority": "routine",
            "code": {"coding": [{"system": _TASK, "code": code}], "text": text},
            "authoredOn": self.authored,
            "executionPeriod": {"start": self.authored},
            "owner": owner(code),
            "restriction": due(code, self.authored),
        }
        if person is None:
            return task
        meta = {"profile": [profile("stepdown-task")]}
        return task | {"meta": meta, "for": {"reference": person}}

    def _guardian(self, person: str) -> list[JsonObject]:
        name = self.answer("guardian-name")
        if not name:
            return []
        guardian = {
            "resourceType": "RelatedPerson",
            "id": self.id_of("guardian"),
            "patient": {"reference": person},
            "relationship": [{"coding": [{"system": _ROLE, "code": "GUARD"}], "text": "Guardian"}],
            "name": [{"text": name}],
        }
        telecom = _phone(self.answer("guardian-phone"))
        return [guardian | ({"telecom": telecom} if telecom else {})]


def _phone(number: str | None) -> list[JsonObject]:
    return [{"system": "phone", "value": number}] if number else []


def _spoken(language: JsonObject | None) -> list[JsonObject]:
    return [{"language": {"coding": [language]}, "preferred": True}] if language else []


def _items(element: JsonObject) -> Iterator[JsonObject]:
    for item in element.get("item", ()):
        yield item
        yield from _items(item)
        for answer in item.get("answer", ()):
            yield from _items(answer)
