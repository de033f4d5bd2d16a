"""What a piece of evidence says: its codes, its answers and number, and when it is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from jiter import LosslessFloat

from shared.fhir.dates import Range, date_range, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from services.intake_api.domain.level_of_care.criteria_set import Phase
    from shared.fhir.reader import JsonObject

# A value that nobody has stood by yet, or that was taken back, says nothing.
_STATED: Final = frozenset({"final", "amended", "corrected"})
_DENIED: Final = frozenset({"refuted", "entered-in-error"})
_WHEN: Final = ("effectiveDateTime", "effectiveInstant", "effectivePeriod", "period", "start")
_OTHERWISE_WHEN: Final = ("recordedDate", "issued")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One version of a resource: its versioned reference and its content."""

    versioned: str
    content: JsonObject

    @property
    def reference(self) -> str:
        """Refer to the resource, whichever version."""
        return self.versioned.partition("/_history/")[0]


@dataclass(frozen=True, slots=True)
class Moment:
    """When evidence is looked at, in which phase, and how its texts are read."""

    now: datetime
    zone: tzinfo
    bases: tuple[str, ...]
    phase: Phase = "entry"


def tokens(value: Any) -> Iterator[str]:  # noqa: ANN401 - a code, or any element made of codes
    """Give the codes of an element as `system|code`, or a plain code as it is."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from tokens(each)
    elif "coding" in value:
        yield from tokens(value["coding"])
    elif "code" in value:
        yield f"{value.get('system', '')}|{value['code']}"


def is_among(value: Any, wanted: Iterable[str]) -> bool:  # noqa: ANN401
    """Tell whether an element has one of the codes wanted; `F32*` is every code that begins so."""
    exact = {each for each in wanted if not each.endswith("*")}
    beginnings = tuple(each[:-1] for each in wanted if each.endswith("*"))
    return any(each in exact or each.startswith(beginnings) for each in tokens(value))


def element(resource: JsonObject, name: str) -> Any:  # noqa: ANN401
    """Give an element; `combo-code` is the code of an Observation and those of its components."""
    if name == "combo-code":
        return [resource["code"], *(part["code"] for part in resource.get("component", ()))]
    return resource.get(name, [])


def is_stated(resource: JsonObject) -> bool:
    """Tell whether somebody stands by what a resource says."""
    if resource["resourceType"] == "Observation":
        return resource.get("status") in _STATED
    denied = (token.partition("|")[2] for token in tokens(resource.get("verificationStatus", [])))
    return _DENIED.isdisjoint(denied)


def answers(observation: JsonObject) -> list[Any]:
    """Give the coded values of an Observation and of its components."""
    parts = (observation, *observation.get("component", ()))
    return [part["valueCodeableConcept"] for part in parts if "valueCodeableConcept" in part]


def number(observation: JsonObject) -> Decimal | None:
    """Give the number that an Observation states."""
    value = observation.get("valueInteger", observation.get("valueQuantity", {}).get("value"))
    if isinstance(value, LosslessFloat):
        return value.as_decimal()
    return None if value is None else Decimal(value)


def is_recent(piece: Evidence, moment: Moment, days: int | None) -> bool:
    """Tell whether evidence is of the last so many days."""
    if days is None:
        return True
    return _span(piece, moment.zone)[1] > instant(moment.now - timedelta(days=days))


def is_newer(piece: Evidence, other: Evidence, moment: Moment) -> bool:
    """Tell whether evidence is of later than other; within one span, whether it was said later."""
    low, high = _span(piece, moment.zone)
    other_low, other_high = _span(other, moment.zone)
    if low >= other_high or other_low >= high:
        return low >= other_high
    return _said(piece) > _said(other)


def latest(pieces: Iterable[Evidence], moment: Moment) -> Evidence | None:
    """Choose the evidence than which none is newer."""
    in_order = sorted(pieces, key=_said)
    if not in_order:
        return None
    return reduce(lambda one, two: one if is_newer(one, two, moment) else two, in_order)


def _said(piece: Evidence) -> tuple[str, str]:
    return piece.content["meta"]["lastUpdated"], piece.versioned


def _span(piece: Evidence, zone: tzinfo) -> Range:
    """Give when evidence is of, as far as it was over when it was written down.

    Nobody can tell how things will be: what is dated later than it was written is of when it was.
    """
    low, high = date_range(dating(piece), zone)
    said = date_range(piece.content["meta"]["lastUpdated"], zone)
    return min(low, said[0]), min(high, said[1])


def dating(piece: Evidence) -> str:
    """Give the text of when evidence is of: of a period its end, or its start while it lasts."""
    content = piece.content
    # What a Flag warns of may have begun long before anybody was warned.
    names = () if content["resourceType"] == "Flag" else (*_WHEN, *_OTHERWISE_WHEN)
    for name in names:
        value = content.get(name)
        if isinstance(value, dict):
            value = value.get("end", value.get("start"))
        if isinstance(value, str):
            return value
    return str(content["meta"]["lastUpdated"])
