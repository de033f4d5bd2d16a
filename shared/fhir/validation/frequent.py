"""Shorter ways for what stands in every resource: Codings seen before, and bare References.

Each does all that the type's own checker does, and leaves to it whatever it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.validation.primitives import LONGEST

if TYPE_CHECKING:
    from shared.fhir.validation.finding import Checker, Findings, Run

_REMEMBERED: Final = 4096
_LONGEST: Final = 400
_REFERENCE: Final = frozenset({"reference", "display"})


def remembering_codings(check: Checker) -> Checker:
    """Make the checker of a Coding that knows again those it accepted last."""
    accepted: set[tuple[Any, ...]] = set()

    def checked(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        if type(value) is not dict:
            return check(value, run)
        key = (value.get("system"), value.get("code"), value.get("display"))
        # Only a Coding of nothing else can be told by these.
        if len(value) != 3 - key.count(None):
            return check(value, run)
        try:
            if key in accepted:
                return None
        except TypeError:
            # Arrays and objects are no texts.
            return check(value, run)
        found = check(value, run)
        if found is None:
            _keep(key, accepted)
        return found

    return checked


def remembering_concepts(check: Checker) -> Checker:
    """Make the checker of a CodeableConcept that knows again those of one Coding it accepted."""
    accepted: set[tuple[Any, ...]] = set()

    def checked(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        try:
            [coding] = value["coding"]
            key = coding.get("system"), coding.get("code"), coding.get("display"), value.get("text")
            # Only a concept of nothing else can be told by these.
            is_told = len(value) + len(coding) == 5 - key.count(None)
            if is_told and key in accepted:
                return None
        except (AttributeError, KeyError, TypeError, ValueError):
            # It has another shape, right or wrong.
            return check(value, run)
        found = check(value, run)
        if found is None and is_told:
            _keep(key, accepted)
        return found

    return checked


def _keep(key: tuple[Any, ...], accepted: set[tuple[Any, ...]]) -> None:
    if sum(map(len, filter(None, key))) <= _LONGEST:
        if len(accepted) >= _REMEMBERED:
            accepted.clear()
        accepted.add(key)


def passing_bare_references(check: Checker) -> Checker:
    """Make the checker of a Reference that looks at a text and its display only."""

    def checked(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        if type(value) is dict and value and value.keys() <= _REFERENCE:
            for text in value.values():
                if type(text) is not str or not 0 < len(text) <= LONGEST or not text.isprintable():
                    break
            else:
                return None
        return check(value, run)

    return checked


FREQUENT: Final = {
    "Coding": remembering_codings,
    "CodeableConcept": remembering_concepts,
    "Reference": passing_bare_references,
}
