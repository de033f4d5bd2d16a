"""What a search of several types takes: the parameters that all of them have, by code and type.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch, Issue, NotSupported
from shared.fhir.search.includes import is_include, read_include
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.query import RESULT
from shared.fhir.search.restrictions import restriction_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.search.query import Include
    from shared.fhir.search.stored import Stored
    from shared.server.request import Pairs

# So many types at most are asked which parameters they share.
_FEW: Final = 20
_CODE: Final = re.compile(r"[^:.]*")
_OF_ANY: Final = frozenset({"_has", "_list"})


@dataclass(slots=True)
class Taken:
    """What each type is asked, what is included beside any of them, and what was skipped."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def taken(types: Sequence[str], pairs: Pairs, stored: Stored, *, lenient: bool) -> Taken:
    """Keep what all of the types can be asked.

    :raises InvalidSearch: they cannot be asked a parameter, and the search is not lenient.
    :raises NotSupported: R4 has it, this server does not.
    """
    asked, shared = types if len(types) <= _FEW else types[:1], _shared(types, stored)
    found = Taken()
    for name, text in (pair for pair in pairs if pair[0] != "_type"):
        try:
            if is_include(name):
                found.includes.append(read_include(types, name, text, stored))
            else:
                _check(asked, name, text, shared, stored)
                found.pairs.append((name, text))
        except (InvalidSearch, NotSupported) as error:
            if not lenient:
                raise
            told = (f"Skipped. {each.diagnostics}" for each in error.issues)
            found.issues += (Issue("warning", "not-supported", each) for each in told)
        else:
            found.used.append((name, text))
    return found


def _check(
    types: Sequence[str], name: str, text: str, shared: frozenset[str], stored: Stored
) -> None:
    """Refuse a parameter that not all of the types have.

    :raises InvalidSearch: it is not such.
    :raises NotSupported: R4 has it, this server does not.
    """
    if name == "_sort":
        _check_sort(types, text, shared, stored)
    elif name not in RESULT:
        found = _CODE.match(name)
        code = found[0] if found else ""
        if code not in shared | _OF_ANY:
            raise InvalidSearch(
                f"'{code}' is not a search parameter of all these types; they share "
                f"{', '.join(sorted(shared))}."
            )
        for each in types:
            restriction_reader(each, name, stored)


def _check_sort(types: Sequence[str], text: str, shared: frozenset[str], stored: Stored) -> None:
    able = {code for code in shared if all(stored.served(each)[code].is_sortable for each in types)}
    for key in text.split(","):
        code = key.removeprefix("-")
        if code not in able:
            raise InvalidSearch(
                f"_sort: these types cannot be sorted by '{code}' together; valid are "
                f"{', '.join(sorted(able))}."
            )


def _shared(types: Sequence[str], stored: Stored) -> frozenset[str]:
    """Name the parameters that types share, those that are stored too."""
    more = {each.parameter.code for name in types for each in stored.of(name)}
    return _common_parameters(tuple(types)) | {
        code for code in more if _is_shared(code, types, stored)
    }


def _is_shared(code: str, types: Iterable[str], stored: Stored) -> bool:
    found = [stored.served(name).get(code) for name in types]
    return None not in found and len({each.type for each in found if each}) == 1


@cache
def _common_parameters(types: tuple[str, ...]) -> frozenset[str]:
    """Name the parameters that types share, by code and type.

    What all types have is what a resource without any content of its own has: a Binary.
    """
    if len(types) > _FEW:
        return frozenset(served_parameters("Binary"))
    own = ({(code, each.type) for code, each in served_parameters(name).items()} for name in types)
    return frozenset(code for code, _ in set.intersection(*own))
