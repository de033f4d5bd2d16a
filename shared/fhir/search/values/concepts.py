"""Concepts that a query names by a value set, or by their place in a code system.

Which these are, the record tells: until that is asked, nothing can be searched by them.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.escapes import split, unescape

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter

Way = Literal["in", "not-in", "above", "below"]
OF_TERMINOLOGY: Final[frozenset[Way]] = frozenset(get_args(Way))


@dataclass(frozen=True, slots=True)
class Concepts:
    """The members of a value set, known by its url or id, or what is above or below a code.

    In the first two ways `name` is that of the value set, else of the code system, and `code` is
    one of its codes.
    """

    way: Way
    name: str
    code: str = ""

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Refuse: these have terms only when it is known which they are."""
        raise AssertionError(f"'{parameter.code}:{self.way}' was not resolved.")


def read_concepts(code: str, modifier: str | None, text: str) -> Concepts:
    """Read what names the concepts, for the parameter of this code.

    :raises InvalidSearch: it is no value set, or no code with its system.
    """
    way = next(each for each in OF_TERMINOLOGY if each == modifier)
    parts = [unescape(part) for part in split(text, "|")]
    if way in {"in", "not-in"}:
        # A canonical url may have a version behind the pipe.
        return Concepts(way, "|".join(parts))
    if len(parts) != 2 or not all(parts):
        raise InvalidSearch(f"'{code}:{way}' takes a code with its system: system|code.")
    return Concepts(way, *parts)
