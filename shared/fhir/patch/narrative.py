"""The narrative of a patched resource, which must never contradict its data.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import RuleViolation
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

# No narrative tells of labels and versions.
_UNTOLD: Final = frozenset({"text", "meta"})


def with_true_narrative(before: JsonObject, after: JsonObject) -> JsonObject:
    """Drop a generated narrative that a patch of other elements has left as it was.

    :raises RuleViolation: when the narrative that was left is not a generated one.
    """
    text = before.get("text")
    if (
        text is None
        or canonical(text) != canonical(after.get("text"))
        or not _differ(before, after)
    ):
        return after
    if text.get("status") != "generated":
        raise RuleViolation(
            "The narrative is not a generated one: it must be patched together with the data.",
            expression=f"{before['resourceType']}.text",
        )
    return {name: value for name, value in after.items() if name != "text"}


def _differ(before: JsonObject, after: JsonObject) -> bool:
    return canonical(_told(before)) != canonical(_told(after))


def _told(resource: JsonObject) -> JsonObject:
    return {name: value for name, value in resource.items() if name not in _UNTOLD}
