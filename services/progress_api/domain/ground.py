"""What becomes of an alert or a screen when the answers that it rests on are corrected.

It is withdrawn, never deleted, and asked for again if they come back. Whoever has acted on it is
asked to look again. Only a correction does this: neither time nor another screen clears an alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.once import said_once, transaction
from shared.care import correction
from shared.care.automatic import Act
from shared.care.correction import Acted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_ACTED: Final = frozenset({"accepted", "in-progress", "on-hold", "completed", "failed"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A Task as it was read, the Flag beside it and the Task of an earlier correction, if any.

    `stands` tells whether what called for it still does, and `again` whether anything does now.
    """

    task: JsonObject
    flag: JsonObject | None
    review: JsonObject | None
    ground: str
    stands: bool
    again: bool


def followed(standing: Standing, source: str, at: str) -> JsonObject | None:
    """Ask for what follows from the ground as it is now; None where nothing does."""
    written = list(_written(standing, at))
    if not written:
        return None
    targets = [f"{each['resourceType']}/{each['id']}" for each in written]
    act = Act(targets, (source,), at, "UPDATE")
    name = "/".join(
        f"{target}/{_number(each)}" for target, each in zip(targets, written, strict=True)
    )
    said = said_once(correction.POLICY, act, f"{name}/ground")
    return transaction([*map(_entry, written), said])


def _written(standing: Standing, at: str) -> Iterator[JsonObject]:
    task, flag = standing.task, standing.flag
    after = correction.restored(task) if standing.stands else correction.withdrawn(task)
    if after is not None and after != task:
        yield after
    if flag is not None and flag["status"] == "active" and not standing.stands:
        yield flag | {"status": "entered-in-error"}
    asked = _asked_again(standing, at)
    if asked is not None:
        yield asked


def _asked_again(standing: Standing, at: str) -> JsonObject | None:
    """Ask who acted to look again, or call that off; None where nothing changes."""
    review = standing.review
    if standing.again:
        return correction.withdrawn(review) if review else None
    if review is not None:
        return correction.asked_again(review, at) if correction.is_withdrawn(review) else None
    if not _was_acted_on(standing):
        return None
    task = standing.task
    who = task.get("owner", {}).get("reference")
    acted = Acted(f"Task/{task['id']}", task["for"], who, standing.ground)
    return correction.review(acted, at)


def _was_acted_on(standing: Standing) -> bool:
    """Tell whether somebody has; one that we completed by answers was acted on by nobody."""
    flag, task = standing.flag, standing.task
    is_ended = flag is not None and flag["status"] == "inactive"
    return is_ended or (task["status"] in _ACTED and "output" not in task)


def _entry(after: JsonObject) -> JsonObject:
    number = _number(after)
    condition = {"ifMatch": f'W/"{number}"'} if number else {"ifNoneMatch": "*"}
    url = f"{after['resourceType']}/{after['id']}"
    return {"resource": after, "request": {"method": "PUT", "url": url} | condition}


def _number(resource: JsonObject) -> str:
    """Tell which version was read; nothing where there is none yet."""
    return str(resource.get("meta", {}).get("versionId", ""))
