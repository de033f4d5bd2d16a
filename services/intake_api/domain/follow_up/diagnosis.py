"""What a stay or visit was mainly for, as far as the windows ask: by ICD-10-CM or SNOMED CT.

https://hl7.org/fhir/R4/encounter-definitions.html#Encounter.diagnosis
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up.windows import TOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shared.fhir.reader import JsonObject

_KINDS: Final[dict[str, list[tuple[str, re.Pattern[str]]]]] = {
    kind: [(each.partition("|")[0], re.compile(each.partition("|")[2])) for each in patterns]
    for kind, patterns in TOLD["diagnoses"].items()
}
_DISCHARGE: Final = "DD"
_LAST: Final = 1_000_000


def principal(encounter: JsonObject, conditions: Mapping[str, JsonObject]) -> str | None:
    """Name the kind of an Encounter's principal diagnosis; None where it is none that we ask for.

    The first that is told decides: the discharge diagnosis of the lowest rank, then the reasons,
    then the Conditions (by reference) that name the Encounter.
    """
    reference = f"Encounter/{encounter['id']}"
    told = [
        *(each["condition"].get("reference") for each in _ranked(encounter)),
        *(each.get("reference") for each in encounter.get("reasonReference", ())),
    ]
    concepts = [conditions[each].get("code", {}) for each in told if each in conditions]
    concepts += encounter.get("reasonCode", ())
    concepts += [
        conditions[each].get("code", {})
        for each in sorted(conditions)
        if conditions[each].get("encounter", {}).get("reference") == reference
    ]
    return next((_kind(each.get("coding", ())) for each in concepts if each.get("coding")), None)


def is_asked_for(condition: JsonObject) -> bool:
    """Tell whether a Condition is of a kind that any window asks for."""
    return _kind(condition.get("code", {}).get("coding", ())) is not None


def _ranked(encounter: JsonObject) -> list[JsonObject]:
    return sorted(
        encounter.get("diagnosis", ()),
        key=lambda each: (_DISCHARGE not in _uses(each), each.get("rank", _LAST)),
    )


def _uses(diagnosis: JsonObject) -> Iterator[str]:
    for coding in diagnosis.get("use", {}).get("coding", ()):
        yield coding.get("code", "")


def _kind(codings: Iterable[JsonObject]) -> str | None:
    told = [(each.get("system"), each.get("code", "").replace(".", "")) for each in codings]
    for kind, patterns in _KINDS.items():
        for system, pattern in patterns:
            if any(system == named and pattern.search(code) for named, code in told):
                return kind
    return None
