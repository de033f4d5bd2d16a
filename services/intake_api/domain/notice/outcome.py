"""What a set of notices comes to in the record, and what one more notice changes there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain import clock
from services.intake_api.domain.follow_up.opening import joined
from services.intake_api.domain.notice.fold import brought, folded
from services.intake_api.domain.notice.references import placed
from services.intake_api.domain.notice.referral import Asking, opened
from services.intake_api.domain.route import route
from services.intake_api.domain.stay import classified, last_day
from shared.care.automatic import Policy
from shared.care.canonical import profile
from shared.fhir.dates import local_day
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "inpatient-notice", "1.0", "Keeps what hospitals tell of a stay, and refers whom they discharge"
)
_PROFILE: Final = profile("stepdown-encounter")
# What the server writes into meta of each version.
_SERVERS: Final = frozenset({"versionId", "lastUpdated"})
# What Tasks have said of themselves only since the second release.
_SAID_SINCE: Final = frozenset({"owner", "priority", "executionPeriod"})


@dataclass(frozen=True)
class Told:
    """A notice, with the references here of what is kept of it, by fullUrl.

    What is protected is kept where it is `permitted`.
    """

    notice: Notice
    places: Mapping[str, str]
    permitted: bool = True

    @property
    def stay(self) -> str:
        """The reference of its Encounter."""
        return self.places[self.notice.stay_address]


def outcome(told: Iterable[Told], stay: str, zone: tzinfo) -> dict[str, JsonObject]:
    """Give everything that a set of notices comes to, by reference; of the stays only this one."""
    once = {each.notice.name: each for each in told}
    ordered = sorted(once.values(), key=lambda each: each.notice.order)
    tellings: dict[str, list[JsonObject]] = {}
    for each in ordered:
        for url, reference in each.places.items():
            if reference == stay or not reference.startswith("Encounter/"):
                told_here = placed(each.notice, url, each.places, permitted=each.permitted)
                tellings.setdefault(reference, []).append(told_here)
    found = {reference: folded(each) for reference, each in tellings.items()}
    if stay in found:
        found[stay] = _profiled(classified(found[stay]))
    asked = [each for each in ordered if each.stay == stay and each.notice.refers]
    return found | _opened(asked, zone)


def follows(told: Told, zone: tzinfo) -> list[str]:
    """Name everything that a notice speaks of, and that it opens."""
    asked = [told] if told.notice.refers else []
    return sorted({*told.places.values(), *_opened(asked, zone)})


def decided(
    current: JsonObject | None, before: JsonObject | None, after: JsonObject
) -> JsonObject | None:
    """Decide what becomes of one resource, given what notices came to before and come to now.

    None leaves it: nothing new was said of it, or people have changed it since. The stay itself
    takes over what is new in any case.
    """
    if current is None:
        return after
    if before is not None and canonical(before) == canonical(after):
        return None
    if after["resourceType"] == "Encounter":
        result = brought(current, before or {}, after)
        return None if _same(current, result) else result
    if before is None:
        return joined(current, after) if after["resourceType"] == "EpisodeOfCare" else None
    return after if _same(clock.unmarked(current), _as_told_then(before, current)) else None


def _opened(asked: Sequence[Told], zone: tzinfo) -> dict[str, JsonObject]:
    """Give what those open who ask the programme to take over; who knows of the end knows best."""
    documents = tuple(sorted(name for each in asked for name in each.notice.documents))
    known = sorted(asked, key=lambda each: _last_day(each.notice, zone) is not None)
    found: dict[str, JsonObject] = {}
    for each in known:
        found |= opened(_asking(each, documents, zone))
    return found


def _asking(told: Told, documents: tuple[str, ...], zone: tzinfo) -> Asking:
    notice, places = told.notice, told.places
    timestamp = notice.bundle["timestamp"]
    return Asking(
        stay=told.stay,
        patient=places[notice.patient_address],
        last_day=_last_day(notice, zone),
        day=local_day(timestamp, zone, last=True),
        route=route({}, [notice.stay]),
        requester=_requester(told),
        told=timestamp,
        reasons=_of_type("Condition", places),
        coverages=_of_type("Coverage", places),
        documents=documents,
    )


def _last_day(notice: Notice, zone: tzinfo) -> date | None:
    return last_day(notice.stay, zone) if notice.stay.get("status") == "finished" else None


def _requester(told: Told) -> JsonObject:
    url, name = told.notice.requester
    place = told.places.get(url) if url else None
    return {"reference": place} if place else {"display": name}


def _of_type(resource_type: str, places: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(each for each in places.values() if each.startswith(f"{resource_type}/")))


def _profiled(stay: JsonObject) -> JsonObject:
    kind, period = stay["class"], stay.get("period", {})
    is_said = kind.get("system") and kind.get("code") and period.get("start")
    if not is_said or (stay["status"] == "finished" and "end" not in period):
        return stay
    meta = stay.get("meta", {})
    return stay | {"meta": meta | {"profile": [*meta.get("profile", ()), _PROFILE]}}


def _as_told_then(before: JsonObject, current: JsonObject) -> JsonObject:
    """Leave out what a Task of an earlier release could not say."""
    return {k: v for k, v in before.items() if k in current or k not in _SAID_SINCE}


def _same(current: JsonObject, other: JsonObject) -> bool:
    return canonical(_comparable(current)) == canonical(_comparable(other))


def _comparable(resource: JsonObject) -> JsonObject:
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in _SERVERS}
    return {k: v for k, v in resource.items() if k != "meta"} | {"meta": meta}
