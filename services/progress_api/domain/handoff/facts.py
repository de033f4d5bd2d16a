"""What people read of a resource: its day, its name and what came of it, whatever type it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.dates import MAX_TIME, MIN_TIME, instant, moment
from shared.fhir.search.index import index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

_NAMES: Final = ("code", "medicationCodeableConcept", "vaccineCode", "description", "serviceType")
_TITLES: Final = ("title", "name", "description")
_STATES: Final = ("clinicalStatus", "achievementStatus", "lifecycleStatus", "status")


def time_of(resource: JsonObject, reading: Reading) -> Range:
    """Give the main time of a resource; (MIN_TIME, MIN_TIME) where it has none."""
    return index(resource, reading).main


def has_come(resource: JsonObject, reading: Reading) -> bool:
    """Tell whether a resource is of now or before, or of no time at all."""
    return time_of(resource, reading)[0] <= instant(reading.now)


def patients_of(resource: JsonObject, reading: Reading) -> tuple[str, ...]:
    """Name the ids of those whose record a resource belongs to."""
    return index(resource, reading).patients


def day_of(resource: JsonObject, reading: Reading) -> str:
    """Give the local day of a resource, an appointment's with its time; '' where it has none."""
    low, high = time_of(resource, reading)
    known = low if low > MIN_TIME else high
    if not MIN_TIME < known < MAX_TIME:
        return ""
    local = moment(known).astimezone(reading.zone)
    # Who is to come must know at what time.
    is_ahead = resource["resourceType"] == "Appointment"
    return f"{local:%Y-%m-%d %H:%M}" if is_ahead else f"{local:%Y-%m-%d}"


def name_of(resource: JsonObject) -> str:
    """Name what a resource is about."""
    for key in _NAMES:
        told = resource.get(key)
        for each in told if isinstance(told, list) else [told]:
            if isinstance(each, dict) and (text := text_of(each)):
                return text
    titles = (resource[key] for key in _TITLES if isinstance(resource.get(key), str))
    return next(titles, str(resource["resourceType"]))


def result_of(resource: JsonObject) -> str:
    """Tell what came of it: the value, those of its components, or its state."""
    parts = [value_of(resource), *_components(resource), *_dosages(resource)]
    told = "; ".join(filter(None, parts))
    if told:
        return told
    states = (resource[key] for key in _STATES if key in resource)
    return next((each if isinstance(each, str) else text_of(each) for each in states), "")


def value_of(measured: JsonObject) -> str:
    """Write the value of an Observation or a component; why there is none where it says so."""
    for key, value in measured.items():
        if key == "valueQuantity":
            return f"{value.get('value', '')} {_unit(value)}".strip()
        if key in {"valueCodeableConcept", "dataAbsentReason"}:
            return text_of(value)
        if key == "valueBoolean":
            return "yes" if value else "no"
        if key in {"valueString", "valueInteger", "valueDateTime"}:
            return str(value)
    return ""


def text_of(concept: JsonObject) -> str:
    """Write a CodeableConcept for people."""
    codings = concept.get("coding", ())
    displays = (each["display"] for each in codings if "display" in each)
    codes = (each["code"] for each in codings if "code" in each)
    return str(concept.get("text") or next(displays, None) or next(codes, ""))


def _components(resource: JsonObject) -> Iterator[str]:
    for each in resource.get("component", ()):
        yield f"{text_of(each['code'])}: {value_of(each)}"


def _dosages(resource: JsonObject) -> Iterator[str]:
    for key in ("dosageInstruction", "dosage"):
        for each in resource.get(key, ()):
            if "text" in each:
                yield each["text"]


def _unit(quantity: JsonObject) -> str:
    unit = str(quantity.get("unit", ""))
    # UCUM writes what has no unit as an annotation, which people need not read.
    return "" if unit.startswith("{") else unit
