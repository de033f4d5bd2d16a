"""Uri parameters: the very same uri; a canonical is found without its version too.

https://hl7.org/fhir/R4/search.html#uri
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from shared.fhir.search.escapes import unescape
from shared.fhir.search.terms import uri_term

if TYPE_CHECKING:
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter

MODIFIERS: Final[frozenset[str]] = frozenset()
UNSERVED_MODIFIERS: Final = frozenset({"above", "below", "contains"})


@dataclass(frozen=True, slots=True)
class Uri:
    """A uri."""

    text: str

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one."""
        return (uri_term(parameter.number, self.text),)


def parse(_parameter: Parameter, _modifier: str | None, text: str, _reading: Reading) -> Uri:
    """Read a uri."""
    return Uri(unescape(text))


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become terms; None where they cannot."""
    if path.type == "canonical":
        return partial(_add_canonical, parameter.number)
    return partial(_add_uri, parameter.number) if path.type in {"uri", "url"} else None


def _add_uri(number: int, value: str, collector: Collector) -> None:
    collector.add(uri_term(number, value))


def _add_canonical(number: int, value: str, collector: Collector) -> None:
    collector.add(uri_term(number, value), uri_term(number, value.partition("|")[0]))
