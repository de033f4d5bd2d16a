"""Reads the parameters of a search.

What is not known is refused, not passed over: a criterion that is dropped would answer with
resources that were not asked for.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import search_parameters
from shared.fhir.errors import InvalidSearch, Issue, NotSupported
from shared.fhir.search.escapes import split
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.query import RESULT, Criterion, Missing, Query
from shared.fhir.search.reading import Reading
from shared.fhir.search.result import read_count, read_result, read_sort, read_total
from shared.fhir.search.values import VALUE_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from shared.fhir.search.parameters import Parameter

_MOST_PARAMETERS: Final = 50
_MOST_VALUES: Final = 100
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_UNSERVED: Final = frozenset(
    {
        "_contained", "_containedType", "_content", "_filter", "_has", "_include", "_list",
        "_query", "_revinclude", "_score", "_text", "_type",
    }
)  # fmt: skip


class _Asked(NamedTuple):
    parameter: Parameter
    modifier: str | None


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
    _refuse_unreadable(pairs)
    reading = Reading(zone, bases, now)
    given = _result_parameters(pairs)
    used, issues = _known(resource_type, pairs, lenient=lenient)
    count = read_count(given)
    return Query(
        type=resource_type,
        criteria=tuple(
            _criterion(_asked(resource_type, name), text, reading)
            for name, text in used
            if name not in RESULT
        ),
        sort=tuple(
            key for name, text in used if name == "_sort" for key in read_sort(resource_type, text)
        ),
        count=count,
        total=read_total(given, count),
        page=given.get("_page"),
        result=read_result(given),
        used=tuple(used),
        issues=tuple(issues),
    )


def _refuse_unreadable(pairs: Sequence[tuple[str, str]]) -> None:
    if len(pairs) > _MOST_PARAMETERS:
        raise InvalidSearch(f"A search takes at most {_MOST_PARAMETERS} parameters.")
    if any(_UNSTORABLE.search(name + text) for name, text in pairs):
        raise InvalidSearch("A search holds no NUL character and no half of a surrogate pair.")


def _known(
    resource_type: str, pairs: Sequence[tuple[str, str]], *, lenient: bool
) -> tuple[list[tuple[str, str]], list[Issue]]:
    used: list[tuple[str, str]] = []
    issues: list[Issue] = []
    for name, text in pairs:
        try:
            if name == "_sort":
                read_sort(resource_type, text)
            elif name not in RESULT:
                _asked(resource_type, name)
            used.append((name, text))
        except (InvalidSearch, NotSupported) as error:
            if not lenient:
                raise
            issues += (Issue("warning", i.code, f"Skipped. {i.diagnostics}") for i in error.issues)
    return used, issues


def _result_parameters(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in RESULT:
            if name in given:
                raise InvalidSearch(f"{name} may be given once only.")
            given[name] = text
    return given


def _asked(resource_type: str, name: str) -> _Asked:
    code, mark, modifier = name.partition(":")
    served = served_parameters(resource_type)
    parameter = served.get(code)
    if parameter is None or "." in modifier:
        raise _no_parameter(resource_type, code, name)
    if not mark:
        return _Asked(parameter, None)
    if modifier in parameter.modifiers:
        return _Asked(parameter, modifier)
    listed = f"valid for '{code}' are {', '.join(parameter.modifiers) or 'none'}."
    if modifier in VALUE_TYPES[parameter.type].UNSERVED_MODIFIERS:
        raise NotSupported(f"The modifier ':{modifier}' is not supported; {listed}")
    raise InvalidSearch(f"There is no modifier ':{modifier}' here; {listed}")


def _no_parameter(resource_type: str, code: str, name: str) -> InvalidSearch | NotSupported:
    listed = f"valid for {resource_type} are {', '.join(served_parameters(resource_type))}."
    defined = search_parameters(resource_type)
    if code.partition(".")[0] in defined and "." in name:
        return NotSupported("Chained search parameters are not supported.")
    if code in _UNSERVED or code in defined:
        return NotSupported(f"The search parameter '{code}' is not supported; {listed}")
    return InvalidSearch(f"There is no search parameter '{code}'; {listed}")


def _criterion(asked: _Asked, text: str, reading: Reading) -> Criterion | Missing:
    parameter, modifier = asked
    if modifier == "missing":
        if text not in {"true", "false"}:
            raise InvalidSearch(f"'{parameter.code}:missing' must be true or false.")
        return Missing(parameter, text == "true")
    texts = split(text, ",")
    if len(texts) > _MOST_VALUES:
        raise InvalidSearch(f"'{parameter.code}' takes at most {_MOST_VALUES} values.")
    if not all(texts):
        raise InvalidSearch(f"'{parameter.code}' has an empty value.")
    read = VALUE_TYPES[parameter.type].parse
    return Criterion(
        parameter, modifier, tuple(read(parameter, modifier, each, reading) for each in texts)
    )
