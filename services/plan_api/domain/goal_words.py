"""What people read of a goal: what is aimed at, and by when.

https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.narrative import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_COMPARED: Final = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}
_UNTOLD: Final = frozenset({"score", "{score}", "{count}"})


def told(goal: JsonObject) -> str:
    """Say a goal in a line."""
    targets = "; ".join(each for target in goal.get("target", ()) for each in _target(target))
    words = words_of(goal.get("description", {})) or "A goal"
    return f"{words}{f' ({targets})' if targets else ''}"


def _target(target: JsonObject) -> Iterator[str]:
    quantity = target.get("detailQuantity", {})
    if "value" in quantity:
        unit = str(quantity.get("unit", ""))
        shown = "" if unit in _UNTOLD else unit
        compared = _COMPARED.get(quantity.get("comparator"), "")
        parts = ("target:", compared, str(quantity["value"]), shown)
        yield " ".join(each for each in parts if each)
    if "dueDate" in target:
        yield f"by {target['dueDate']}"
