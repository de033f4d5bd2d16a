"""The last of the checks of a valid code: what the caller calls it, and whether it is a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.terminology import is_called, names_of
from shared.server.operations.terminology.asking import Verdict

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology import Holdings
    from shared.server.inputs import Inputs
    from shared.server.operations.terminology.asking import Asked


def named(
    asked: Asked, inputs: Inputs, holdings: Holdings, value_set: JsonObject | None = None
) -> Verdict:
    """Judge a code that is in its value set or system by its display, and by being abstract."""
    names = names_of(holdings, asked.code, value_set)
    display = next(iter(names), None)
    concept = holdings.concept(asked.code)
    if inputs.one("abstract") is False and concept is not None and concept.is_abstract:
        return Verdict(
            result=False, message="The concept is abstract: it only groups others.", display=display
        )
    if asked.display is None:
        return Verdict(result=True, display=display)
    if not names:
        return Verdict(
            result=True,
            message="The display was not checked: nothing here tells what it should be.",
        )
    if not is_called(names, asked.display):
        return Verdict(
            result=False,
            message="The code is valid, but this is not what it is called.",
            display=display,
        )
    return Verdict(result=True, display=display)
