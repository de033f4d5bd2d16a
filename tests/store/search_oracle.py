"""A slow matcher of searches over resources as they are, to compare the SQL with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range, instant
from shared.fhir.search.fold import fold
from shared.fhir.search.query import Chain, Criterion, Has, Missing, Query, Restriction, Sort
from shared.fhir.search.values import (
    Amount,
    LogicalTarget,
    Moment,
    Target,
    Text,
    Together,
    Token,
    TypedIdentifier,
    Uri,
    UriPart,
)
from tests.store.measured_oracle import MEASURED, amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Resource = dict[str, Any]
# A value as the oracle holds it: a tuple, a text or an object of the resource.
Value = Any
GENDERS = "http://hl7.org/fhir/administrative-gender"
STATUSES = "http://hl7.org/fhir/encounter-status"


def _some(value: Value) -> list[Any]:
    return [] if value is None else [value]


def _codings(values: Iterable[Resource]) -> list[Any]:
    return [("coded", each.get("system", ""), each.get("code")) for each in values]


def _identifiers(resource: Resource) -> list[Any]:
    found = resource.get("identifier", [])
    return [("coded", each.get("system", ""), each.get("value")) for each in found]


def _period(value: Resource) -> tuple[int, int]:
    low = date_range(value["start"])[0] if "start" in value else MIN_TIME
    return low, date_range(value["end"])[1] if "end" in value else MAX_TIME


def _names(resource: Resource, *parts: str) -> list[Any]:
    found = [each[part] for each in resource.get("name", []) for part in parts if part in each]
    return [text for each in found for text in (each if isinstance(each, list) else [each])]


def _meta(resource: Resource, name: str) -> list[Any]:
    return _some(resource.get("meta", {}).get(name))


VALUES: dict[str, dict[str, Callable[[Resource], list[Any]]]] = {
    "Patient": {
        "_tag": lambda r: _codings(tag for tags in _meta(r, "tag") for tag in tags),
        "_source": lambda r: _meta(r, "source"),
        "identifier": _identifiers,
        "gender": lambda r: [("coded", GENDERS, code) for code in _some(r.get("gender"))],
        "active": lambda r: [("folded", str(v).lower()) for v in _some(r.get("active"))],
        "phone": lambda r: [
            ("folded", t["value"]) for t in r.get("telecom", []) if t["system"] == "phone"
        ],
        "family": lambda r: _names(r, "family"),
        "given": lambda r: _names(r, "given"),
        "name": lambda r: _names(r, "text", "family", "given"),
        "birthdate": lambda r: [date_range(v) for v in _some(r.get("birthDate"))],
        "death-date": lambda r: [date_range(v) for v in _some(r.get("deceasedDateTime"))],
        "general-practitioner": lambda r: r.get("generalPractitioner", []),
        "organization": lambda r: _some(r.get("managingOrganization")),
        "link": lambda r: [each["other"] for each in r.get("link", [])],
    },
    **MEASURED,
    "Encounter": {
        "identifier": _identifiers,
        "status": lambda r: [("coded", STATUSES, r["status"])],
        "class": lambda r: _codings([r["class"]]),
        "subject": lambda r: _some(r.get("subject")),
        "patient": lambda r: [
            each for each in _some(r.get("subject")) if "Patient/" in each.get("reference", "")
        ],
        "date": lambda r: [_period(each) for each in _some(r.get("period"))],
        "part-of": lambda r: _some(r.get("partOf")),
        "location": lambda r: [each["location"] for each in r.get("location", [])],
        "location-period": lambda r: [
            _period(each["period"]) for each in r.get("location", []) if "period" in each
        ],
    },
}


def _called(concepts: Iterable[Resource]) -> list[str]:
    every = [part for each in concepts for part in (each, *each.get("coding", []))]
    return [each[name] for each in every for name in ("text", "display") if name in each]


def _tags(resource: Resource) -> list[Resource]:
    tags: list[Resource] = resource.get("meta", {}).get("tag", [])
    return tags


# What codes are called, where a search may ask for that.
CALLED: dict[str, Callable[[Resource], list[str]]] = {
    "_tag": lambda r: _called(_tags(r)),
    "class": lambda r: _called([r["class"]]),
    "identifier": lambda r: [
        each["type"]["text"] for each in r.get("identifier", []) if "text" in each.get("type", {})
    ],
}


@dataclass(frozen=True)
class World:
    """All resources by their references, and when each was updated."""

    resources: dict[str, Resource]
    updated: dict[str, datetime]


def _latest_first(query: Query) -> list[Sort]:
    """Sort by the date that is asked for, where nothing else is said."""
    asked = [each.parameter for each in query.criteria if isinstance(each, Criterion)]
    dates = [each for each in asked if each.is_main_date or each.code == "_lastUpdated"]
    return [Sort(each, descending=True) for each in dates[:1]]


def answer(query: Query, resources: list[Resource], updated: dict[str, datetime]) -> list[str]:
    """Find the ids of the matches in order; resources come in the order of their keys."""
    world = World({f"{each['resourceType']}/{each['id']}": each for each in resources}, updated)
    found = [each for each in resources if each["resourceType"] == query.type]
    found = [each for each in found if all(_meets(c, each, world) for c in query.criteria)]
    places = {each["id"]: place for place, each in enumerate(found)}
    sorts = query.sort or _latest_first(query)

    def compare(one: Resource, other: Resource) -> int:
        for sort in sorts:
            a = _sort_value(sort, one, updated[one["id"]])
            b = _sort_value(sort, other, updated[other["id"]])
            if a is None or b is None:
                order = (a is None) - (b is None)
            else:
                order = ((a > b) - (a < b)) * (-1 if sort.descending else 1)
            if order:
                return order
        down = bool(sorts) and sorts[0].descending
        return (places[one["id"]] - places[other["id"]]) * (-1 if down else 1)

    return [each["id"] for each in sorted(found, key=cmp_to_key(compare))]


def _meets(each: Restriction, resource: Resource, world: World) -> bool:
    if isinstance(each, Chain):
        return any(
            _meets(inner, target, world)
            for name, inner in each.targets
            for target in _targets(each, resource, world)
            if target["resourceType"] == name
        )
    if isinstance(each, Has):
        return any(
            _meets(each.criterion, other, world)
            for other in world.resources.values()
            if other["resourceType"] == each.type
            and any(target is resource for target in _targets(each, other, world))
        )
    assert isinstance(each, Criterion | Missing)
    return _holds(each, _values(each, resource, world.updated[resource["id"]]))


def _targets(each: Chain | Has, resource: Resource, world: World) -> list[Resource]:
    values = VALUES[resource["resourceType"]][each.parameter.code](resource)
    texts = [value.get("reference", "").partition("/_history/")[0] for value in values]
    return [world.resources[text] for text in texts if text in world.resources]


def _values(each: Criterion | Missing | Sort, resource: Resource, updated: datetime) -> list[Any]:
    code = each.parameter.code
    if isinstance(each, Criterion) and each.modifier == "text":
        return CALLED[code](resource)
    if isinstance(each, Criterion) and each.modifier == "of-type":
        identifiers: list[Any] = resource.get("identifier", [])
        return identifiers
    if code == "_id":
        return [("coded", "", resource["id"])]
    if code == "_lastUpdated":
        return [(instant(updated), instant(updated + timedelta(milliseconds=1)))]
    return VALUES[resource["resourceType"]][code](resource)


def _holds(criterion: Criterion | Missing, values: list[Any]) -> bool:
    if isinstance(criterion, Missing):
        return criterion.is_missing == (not values)
    modifier = criterion.modifier
    found = any(_matches(v, each, modifier) for v in values for each in criterion.values)
    return found != (modifier == "not")


def _matches(value: Value, searched: object, modifier: str | None) -> bool:
    if isinstance(searched, Amount):
        return amount(value, searched)
    if isinstance(searched, Together):
        parts = zip(value, searched.values, strict=True)
        return all(any(_matches(v, each, None) for v in values) for values, each in parts)
    return _simply_matches(value, searched, modifier)


def _simply_matches(value: Value, searched: object, modifier: str | None) -> bool:
    match searched:
        case Token():
            return _token(value, searched)
        case Text():
            return _text(value, searched, modifier)
        case TypedIdentifier():
            return _typed(value, searched)
        case Moment():
            return _date(value, searched)
        case Uri() | UriPart():
            return _uri(value, searched.text, modifier)
        case LogicalTarget():
            logical = value.get("identifier")
            coded = logical and ("coded", logical.get("system", ""), logical.get("value"))
            return bool(coded) and _token(coded, searched.token)
        case Target():
            return _reference(value.get("reference", ""), searched)
    raise AssertionError(searched)


def _token(value: Value, token: Token) -> bool:
    kind, *system, code = value
    if kind == "folded":
        return token.system is None and code.lower() == (token.code or "").lower()
    same_system = token.system is None or token.system == system[0]
    return same_system and (token.code is None or token.code == code)


def _typed(value: Value, typed: TypedIdentifier) -> bool:
    kinds = [(k.get("system"), k.get("code")) for k in value.get("type", {}).get("coding", [])]
    return (typed.system, typed.code) in kinds and value.get("value") == typed.value


def _uri(value: str, searched: str, modifier: str | None) -> bool:
    match modifier:
        case "above":
            return f"{searched}/".startswith(f"{value.rstrip('/')}/")
        case "below":
            return f"{value.rstrip('/')}/".startswith(f"{searched}/")
        case "contains":
            return searched in value
    return value == searched


def _text(value: str, text: Text, modifier: str | None) -> bool:
    if modifier == "text":
        return fold(value).startswith(text.folded)
    if modifier == "exact":
        return value == text.exact
    if modifier == "contains":
        return text.folded in fold(value)
    # Only family names of the generated resources have several words.
    words = value.split()
    starts = [fold(" ".join(words[place:])) for place in range(len(words))]
    return any(each.startswith(text.folded) for each in starts)


def _date(value: tuple[int, int], moment: Moment) -> bool:
    (t1, t2), s1, s2 = value, moment.low, moment.high
    equal = s1 <= t1 and t2 <= s2
    return {
        "eq": equal,
        "ne": not equal,
        "gt": t2 > s2,
        "lt": t1 < s1,
        "ge": t2 > s2 or equal,
        "le": t1 < s1 or equal,
        "sa": t1 >= s2,
        "eb": t2 <= s1,
        "ap": t1 < s2 and t2 > s1,
    }[moment.prefix]


def _reference(text: str, target: Target) -> bool:
    local = [f"{each}/{target.id}" for each in target.types] if target.id else []
    return text.partition("/_history/")[0] in {*local, target.uri}


def _sort_value(sort: Sort, resource: Resource, updated: datetime) -> Value:
    code = sort.parameter.code
    if code == "_id":
        return resource["id"]
    values = _values(sort, resource, updated)
    if sort.parameter.type == "date":
        keys = [low for low, _ in values if low > MIN_TIME]
    else:
        keys = [fold(each).encode() for each in values]
    if not keys:
        return None
    return max(keys) if sort.descending else min(keys)
