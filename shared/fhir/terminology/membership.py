"""Whether a value set holds a code: yes, no, or what is missing to tell.

A part that cannot be decided does not hide another part that can.
https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.terminology.errors import CannotTell
from shared.fhir.terminology.filters import selected
from shared.fhir.terminology.holdings import system_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology.holdings import Code, Holdings


def holds(holdings: Holdings, value_set: JsonObject, code: Code) -> bool:
    """Tell whether a value set holds a code.

    :raises CannotTell: when what is held does not decide it.
    """
    verdict = _Question(holdings, code).of(value_set, ())
    if isinstance(verdict, str):
        raise CannotTell(verdict)
    return verdict


# True, False, or why it cannot be told.
_Verdict = bool | str


def _all(verdicts: Iterable[_Verdict]) -> _Verdict:
    told = list(verdicts)
    if False in told:
        return False
    return next((each for each in told if isinstance(each, str)), True)


def _any(verdicts: Iterable[_Verdict]) -> _Verdict:
    told = list(verdicts)
    if True in told:
        return True
    return next((each for each in told if isinstance(each, str)), False)


def _not(verdict: _Verdict) -> _Verdict:
    return verdict if isinstance(verdict, str) else not verdict


@dataclass(frozen=True, slots=True)
class _Question:
    holdings: Holdings
    code: Code

    def of(self, value_set: JsonObject, above: tuple[str, ...]) -> _Verdict:
        url = value_set.get("url", "")
        if url and url in above:
            return f"The value set {url} imports itself."
        compose = value_set.get("compose")
        if compose is None:
            return "The value set does not say what it is composed of."
        path = (*above, url)
        included = _any(self._by(part, path) for part in compose["include"])
        excluded = _any(self._by(part, path) for part in compose.get("exclude", ()))
        active = self._is_active() if compose.get("inactive") is False else True
        return _all((included, _not(excluded), active))

    def _by(self, part: JsonObject, path: tuple[str, ...]) -> _Verdict:
        imported = (self._imported(url, path) for url in part.get("valueSet", ()))
        own = [self._of_system(part)] if "system" in part else []
        return _all((*own, *imported))

    def _imported(self, url: str, path: tuple[str, ...]) -> _Verdict:
        value_set = self.holdings.value_sets.get(url)
        if value_set is None:
            return f"The value set {url} is not held here."
        return self.of(value_set, path)

    def _of_system(self, part: JsonObject) -> _Verdict:
        if part["system"] != self.code.system:
            return False
        system = self.holdings.code_systems.get(system_of(part))
        found = None if system is None else system.find(self.code.code)
        # A system may say that the case of its codes does not matter.
        code = self.code.code if found is None else found.code
        if "concept" in part:
            return any(each["code"] == code for each in part["concept"])
        if system is None:
            return f"The code system {system_of(part)} is not held here."
        if "filter" in part:
            try:
                return code in selected(system, part["filter"])
            except CannotTell as error:
                return str(error)
        if found is None and not system.is_complete:
            return f"Only a part of the code system {system.url} is held here."
        return found is not None

    def _is_active(self) -> _Verdict:
        concept = self.holdings.concept(self.code)
        return concept is None or not concept.is_inactive
