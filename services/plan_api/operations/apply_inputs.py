"""The inputs of `$apply`: the people that it names, and what the person prefers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.preferences import NAMES
from services.plan_api.templates import OFFERS
from services.plan_api.templates.catalogue import SKILLS, TOPICS
from shared.care.programme_plan import is_of_the_same
from shared.fhir.errors import NotFound, RuleViolation
from shared.fhir.references import parse_reference
from shared.server.definition import Parameter
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.plan_api.domain.preferences import Wishes
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

_CHOICES: Final[dict[str, Iterable[str]]] = {"skill": SKILLS, "topic": TOPICS, "service": OFFERS}
# What is of one person, by the element that says of whom.
_ABOUT: Final = {
    "Encounter": "subject",
    "RelatedPerson": "patient",
    "Condition": "subject",
    "Observation": "subject",
}
_MEMBERS: Final = ("Practitioner", "PractitionerRole", "RelatedPerson", "Organization")


@dataclass(frozen=True, slots=True)
class People:
    """Whom an application names, by references; `speaking` are those who give the care."""

    subject: str | None
    practitioner: str | None
    organization: str | None
    encounter: str | None
    peer_specialist: str | None
    members: tuple[str, ...]

    @property
    def speaking(self) -> tuple[str, ...]:
        """Name the people whose languages are spoken in the programme."""
        named = (self.practitioner, self.peer_specialist, *self.members)
        return tuple(each for each in named if each and each.startswith("Practitioner/"))

    @property
    def team(self) -> tuple[str, ...]:
        """Name those who care for the person."""
        named = (self.practitioner, self.peer_specialist, self.organization, *self.members)
        return tuple(each for each in named if each)


async def people_named(reading: Reading, call: Call) -> People:
    """Read whom an application names.

    :raises NotFound: when one of them is not here.
    :raises RuleViolation: when one is of another type, or an Encounter of another person.
    """
    return People(
        subject=await _named(reading, "subject", ("Patient",), call),
        practitioner=await _named(reading, "practitioner", ("Practitioner",), call),
        organization=await _named(reading, "organization", ("Organization",), call),
        encounter=await _named(reading, "encounter", ("Encounter",), call),
        peer_specialist=await _named(reading, "peer-specialist", ("Practitioner",), call),
        members=tuple(
            [
                await named_here(reading, "member", _MEMBERS, text, call)
                for text in call.inputs.many("member")
            ]
        ),
    )


def stated_wishes(call: Call) -> Wishes:
    """Read what is preferred.

    :raises RuleViolation: for a skill, a topic or a service that nobody offers.
    """
    for name, choices in _CHOICES.items():
        for value in call.inputs.many(name):
            if value not in choices:
                raise RuleViolation(
                    f"{name} must be one of {', '.join(choices)}.",
                    expression="Parameters.parameter",
                )
    wishes = {name: list(call.inputs.many(name)) for name in NAMES}
    # What is chosen twice is chosen once.
    wishes |= {name: list(dict.fromkeys(wishes[name])) for name in _CHOICES}
    return {name: values for name, values in wishes.items() if values}


async def _named(reading: Reading, name: str, types: tuple[str, ...], call: Call) -> str | None:
    text = call.inputs.one(name)
    return None if text is None else await named_here(reading, name, types, text, call)


async def named_here(
    reading: Reading, name: str, types: tuple[str, ...], text: str, call: Call
) -> str:
    """Read whom or what a reference names, which is here and of the person.

    :raises NotFound: when it is not here.
    :raises RuleViolation: when it is of another type, or of another person.
    """
    link = parse_reference(text, call.context.bases)
    if link.kind != "local" or link.type not in types:
        raise RuleViolation(
            f"{name} must refer to a {' or '.join(types)} of this record, such as {types[0]}/7.",
            expression="Parameters.parameter",
        )
    key = Key(str(link.type), str(link.id))
    found = await fetch(reading, key)
    if found is None:
        raise NotFound(f"There is no {key} here.")
    about = _ABOUT.get(key.type)
    if key.type == "Patient":
        _refuse_other(key, {"reference": str(key)}, call)
    elif about:
        _refuse_other(key, found.content.get(about, {}), call)
    return str(key)


def _refuse_other(key: Key, subject: JsonObject, call: Call) -> None:
    if not _is_theirs(subject, call):
        raise RuleViolation(
            f"{key} is not of the person for whom the plan is made.",
            expression="Parameters.parameter",
        )


def _is_theirs(subject: JsonObject, call: Call) -> bool:
    person = {"subject": {"reference": call.inputs.one("subject")}}
    return is_of_the_same(person, {"subject": subject}, call.context.bases)


WISHES: Final = (
    Parameter(
        "session-time",
        "in",
        "code",
        "When sessions suit best: a track of the template, day or evening.",
    ),
    Parameter("work", "in", "Timing", "When the person works, and cannot come.", max=None),
    Parameter("school", "in", "Timing", "When the person is at school.", max=None),
    Parameter("caregiving", "in", "Timing", "When the person cares for others.", max=None),
    Parameter("language", "in", "code", "The language that the person prefers, such as es."),
    Parameter("interpreter", "in", "boolean", "Whether an interpreter is needed."),
    Parameter("telehealth", "in", "boolean", "Whether to meet by telehealth, where that can be."),
    Parameter(
        "individual-therapy-as-needed", "in", "boolean", "Individual therapy as needed, not weekly."
    ),
    Parameter("skill", "in", "code", "A coping skill to learn, as a goal.", max=None),
    Parameter("topic", "in", "code", "A topic of psychoeducation; all, if none.", max=None),
    Parameter("service", "in", "code", "One more service to order, such as tms.", max=None),
)
