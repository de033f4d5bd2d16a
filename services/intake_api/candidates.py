"""Finds who of the people here may be the one that is described, each with what agrees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.match import Match, identifiers_of, match
from shared.fhir.errors import Malformed
from shared.fhir.reader import read
from shared.fhir.search.fold import fold
from shared.fhir.search.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from shared.store.version import Version

    Candidate = tuple[Version, Match]

_SEPARATORS: Final = re.compile(r"([\\,|$])")
# What one way to look finds at most; who agrees on so little is found by another way.
_MOST_FOUND: Final = 500
# A search takes no more values of a parameter; nobody has so many names.
_MOST_VALUES: Final = 20


async def candidates(
    reading: Reading, wanted: JsonObject, *, zone: tzinfo, now: datetime
) -> list[Candidate]:
    """Find the people who may be meant, the best first.

    :raises Malformed: when too little is told to look for anybody.
    """
    ways = list(_ways(wanted))
    if not ways:
        told = "Nobody can be looked for by so little: give an identifier, a telecom, or a name "
        raise Malformed(told + "or address with a birth date.", expression="Patient")
    ids: dict[str, None] = {}
    for criteria in ways:
        query = parse("Patient", criteria, zone=zone, now=now)
        ids |= dict.fromkeys(await reading.matching(query, _MOST_FOUND))
    versions = await reading.read_many("Patient", list(ids)) if ids else {}
    compared = [(each, match(wanted, read(each.body))) for each in versions.values() if each.body]
    found = [each for each in compared if each[1].grade != "certainly-not"]
    return sorted(found, key=lambda each: (-each[1].points, each[0].key.id))


def _ways(wanted: JsonObject) -> Iterator[list[tuple[str, str]]]:
    """List the searches by which somebody like this is found."""
    names = wanted.get("name", ())
    families = _texts(each.get("family") for each in names)
    givens = _texts(each for name in names for each in name.get("given", ()))
    contacts = _texts(each.get("value") for each in wanted.get("telecom", ()))
    codes = _texts(each.get("postalCode") for each in wanted.get("address", ()))
    born = [wanted["birthDate"]] if "birthDate" in wanted else []
    identifiers = [f"{_escaped(s)}|{_escaped(v)}" for s, v in identifiers_of(wanted)]
    yield from _together(identifier=identifiers)
    yield from _together(telecom=contacts)
    yield from _together(birthdate=born, family=families)
    yield from _together(birthdate=born, given=givens)
    yield from _together(birthdate=born, address_postalcode=codes)
    yield from _together(family=families, given=givens)
    yield from _together(family=families, address_postalcode=codes)


def _texts(values: Iterable[str | None]) -> list[str]:
    # What is nothing but punctuation finds everybody.
    return [_escaped(each) for each in values if each and fold(each)]


def _together(**values: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    if all(values.values()):
        yield [
            (name.replace("_", "-"), ",".join(each[:_MOST_VALUES])) for name, each in values.items()
        ]


def _escaped(text: str) -> str:
    return _SEPARATORS.sub(r"\\\1", text)
