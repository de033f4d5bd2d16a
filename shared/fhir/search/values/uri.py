"""Uri parameters: the very same uri, or where it stands in a hierarchy of urls.

A canonical is found without its version too. `:contains` is an extension of ours.

https://hl7.org/fhir/R4/search.html#uri
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch
from shared.fhir.memory import remembering_short_texts
from shared.fhir.search.collector import OVERLAP
from shared.fhir.search.escapes import unescape
from shared.fhir.search.terms import uri_term

if TYPE_CHECKING:
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter

MODIFIERS: Final = frozenset({"above", "below", "contains"})
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()

_MOST_STEPS: Final = 50


@dataclass(frozen=True, slots=True)
class Uri:
    """A uri; or with `above`, any url of which it is a part of the hierarchy, or itself."""

    text: str
    above: tuple[str, ...] = ()

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one."""
        return tuple(uri_term(parameter.number, each) for each in (self.text, *self.above))


@dataclass(frozen=True, slots=True)
class UriPart:
    """A part of a uri: the steps with which it begins, or any characters in it."""

    text: str


def parse(
    parameter: Parameter, modifier: str | None, text: str, _reading: Reading
) -> Uri | UriPart:
    """Read a uri, or a part of one.

    :raises InvalidSearch: a hierarchy is asked for that is none, or a part that is too long.
    """
    text = unescape(text)
    if modifier == "contains":
        if len(text) > OVERLAP:
            raise InvalidSearch(
                f"The value of '{parameter.code}:contains' is longer than {OVERLAP} characters."
            )
        return UriPart(text)
    if modifier is None:
        return Uri(text)
    if "://" not in text:
        raise InvalidSearch(
            f"'{parameter.code}:{modifier}' takes a url: no other uri has a hierarchy."
        )
    return UriPart(text.rstrip("/")) if modifier == "below" else Uri(text, tuple(_above(text)))


def _above(url: str) -> list[str]:
    """List the urls above one, each also with the slash that may stand at its end."""
    host, _, path = url.partition("://")
    first, *steps = path.rstrip("/").split("/")
    if len(steps) > _MOST_STEPS:
        raise InvalidSearch(f"A url has at most {_MOST_STEPS} steps here.")
    urls = list(accumulate(steps, "{}/{}".format, initial=f"{host}://{first}"))
    return [each for each in (*urls, *(f"{url}/" for url in urls)) if each != url]


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become terms; None where they cannot."""
    if path.type == "canonical":
        return partial(_add_canonical, parameter.number)
    return partial(_add_uri, parameter.number) if path.type in {"uri", "url"} else None


def text_converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path are stored to search for a part of them."""
    if path.type == "canonical":
        return partial(_add_unversioned, parameter.number)
    return partial(_add_whole, parameter.number) if path.type in {"uri", "url"} else None


def _add_uri(number: int, value: str, collector: Collector) -> None:
    collector.add(uri_term(number, value))


def _add_canonical(number: int, value: str, collector: Collector) -> None:
    collector.terms += _canonical_terms(value, number)


@remembering_short_texts
def _canonical_terms(canonical: str, number: int) -> tuple[str, str]:
    return uri_term(number, canonical), uri_term(number, canonical.partition("|")[0])


def _add_whole(number: int, value: str, collector: Collector) -> None:
    collector.add_text(number, value)


def _add_unversioned(number: int, value: str, collector: Collector) -> None:
    collector.add_text(number, value.partition("|")[0])
