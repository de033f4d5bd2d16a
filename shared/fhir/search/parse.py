"""Reads the parameters of a search.

What is not known is refused, not passed over: a criterion that is dropped would answer with
resources that were not asked for.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch, Issue, NotSupported
from shared.fhir.search.includes import is_include, read_include
from shared.fhir.search.query import RESULT, Query
from shared.fhir.search.reading import Reading
from shared.fhir.search.restrictions import restriction_reader
from shared.fhir.search.result import read_count, read_result, read_sort, read_total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from shared.fhir.errors import FhirError
    from shared.fhir.search.query import Include, Result, Sort
    from shared.fhir.search.restrictions import Reader
    from shared.fhir.search.stored import Stored

_MOST_PARAMETERS: Final = 50
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def parse(
    resource_type: str,
    pairs: Sequence[tuple[str, str]],
    *,
    zone: tzinfo,
    now: datetime,
    bases: tuple[str, ...] = (),
    lenient: bool = False,
) -> Query:
    """Read a search of one type.

    `zone` is that of dates without one; a reference below one of `bases` is to this server.

    :raises InvalidSearch: a parameter, modifier or value is not valid; the valid ones are listed.
    :raises NotSupported: R4 has it, this server does not.
    """
    return read_query(resource_type, pairs, Reading(zone, bases, now), lenient=lenient)


def read_query(
    resource_type: str, pairs: Sequence[tuple[str, str]], reading: Reading, *, lenient: bool = False
) -> Query:
    """Read a search of one type by R4's own parameters and those that are stored.

    :raises InvalidSearch: a parameter, modifier or value is not valid; the valid ones are listed.
    :raises NotSupported: R4 has it, this server does not.
    """
    _refuse_unreadable(pairs)
    given = _result_parameters(pairs)
    known = _known(resource_type, pairs, reading.stored, lenient=lenient)
    count, result = read_count(given), read_result(given)
    refuse_beside_narrative(known.includes, result)
    return Query(
        type=resource_type,
        criteria=tuple(read(text, reading) for read, text in known.criteria),
        sort=tuple(known.sort),
        count=count,
        total=read_total(given, count),
        page=given.get("_page"),
        includes=tuple(known.includes),
        result=result,
        used=tuple(known.used),
        issues=tuple(known.issues),
    )


def refuse_beside_narrative(includes: Sequence[Include], result: Result) -> None:
    """Refuse to include anything where only narratives are shown, as R4 has it.

    :raises InvalidSearch: both are asked for.
    """
    if includes and result.summary == "text":
        raise InvalidSearch("_include and _revinclude do not go with _summary=text.")


def _refuse_unreadable(pairs: Sequence[tuple[str, str]]) -> None:
    if len(pairs) > _MOST_PARAMETERS:
        raise InvalidSearch(f"A search takes at most {_MOST_PARAMETERS} parameters.")
    if any(_UNSTORABLE.search(name + text) for name, text in pairs):
        raise InvalidSearch("A search holds no NUL character and no half of a surrogate pair.")


@dataclass(slots=True)
class _Known:
    """What was understood of the parameters of a type, and what was skipped."""

    type: str
    stored: Stored
    criteria: list[tuple[Reader, str]] = field(default_factory=list)
    sort: list[Sort] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        if name == "_sort":
            self.sort += read_sort(self.type, text, self.stored)
        elif is_include(name):
            self.includes.append(read_include([self.type], name, text, self.stored))
        elif name not in RESULT:
            self.criteria.append((restriction_reader(self.type, name, self.stored), text))
        self.used.append((name, text))

    def skip(self, error: FhirError) -> None:
        found = error.issues
        self.issues += (Issue("warning", i.code, f"Skipped. {i.diagnostics}") for i in found)


def _known(
    resource_type: str, pairs: Sequence[tuple[str, str]], stored: Stored, *, lenient: bool
) -> _Known:
    known = _Known(resource_type, stored)
    for name, text in pairs:
        try:
            known.add(name, text)
        except (InvalidSearch, NotSupported) as error:
            if not lenient:
                raise
            known.skip(error)
    return known


def _result_parameters(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in RESULT:
            if name in given:
                raise InvalidSearch(f"{name} may be given once only.")
            given[name] = text
    return given
