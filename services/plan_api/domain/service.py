"""Which service an action is of, and what its definition says of where it takes place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.care.canonical import CANONICAL, profile

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


def service_of(action: JsonObject) -> str:
    """Name the service of an action: the definition that it follows, where that is ours."""
    url = str(action.get("definitionCanonical", "")).partition("|")[0]
    base, _, name = url.rpartition("/")
    return name if base == f"{CANONICAL}/ActivityDefinition" else str(action.get("id", ""))


def is_in_person(activity: JsonObject) -> bool:
    """Tell whether a service needs the person to be there."""
    return _is_said("in-person", activity)


def is_elsewhere(activity: JsonObject) -> bool:
    """Tell whether a service is another provider's, to whom the order refers the person."""
    return _is_said("other-provider", activity)


def _is_said(name: str, activity: JsonObject) -> bool:
    said = {"url": profile(name), "valueBoolean": True}
    return said in activity.get("extension", ())
