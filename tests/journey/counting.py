"""Counts the figures of a programme from raw resources, apart from the product's own counting.

Plain and slow: each minute of a visit and each day of a stay is looked at by itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

Resource = dict[str, Any]
Numbers = dict[str, tuple[set[str], ...]]
PROGRAMME = "https://stepdown.example/fhir/CodeSystem/programme"
DAY = timedelta(days=1)
EVER = datetime(2100, 1, 1, tzinfo=UTC)
OPEN = {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
WITHDRAWN = {"cancelled", "rejected", "entered-in-error"}


def ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def named(element: Resource | None) -> str:
    return str((element or {}).get("reference", ""))


@dataclass
class Count:
    """One question about a record: whose programme, which, from which day to which."""

    record: list[Resource]
    organization: str
    first: date
    last: date
    zone: ZoneInfo
    programme: str = "iop"

    def __post_init__(self) -> None:
        self.by_ref = {ref(each): each for each in self.record}
        every = [e for e in self.all("EpisodeOfCare") if e["status"] != "entered-in-error"]
        self.episodes = [e for e in every if self.is_ours(e)]
        self.others = [e for e in every if e not in self.episodes and self.codes(e.get("type"))]
        self.people = {self.person(named(each["patient"])) for each in self.episodes}

    def all(self, resource_type: str) -> list[Resource]:
        return [each for each in self.record if each["resourceType"] == resource_type]

    def is_ours(self, episode: Resource) -> bool:
        """Whether it names the programme and the organization, by an identifier or not at all."""
        told = episode.get("managingOrganization", {})
        known = self.by_ref[self.organization].get("identifier", [])
        is_here = "identifier" not in told or told["identifier"] in known
        programmes = self.codes(episode.get("type"))
        return self.programme in programmes and named(told) in {"", self.organization} and is_here

    def codes(self, concepts: list[Resource] | None) -> set[str]:
        codings = [c for each in concepts or [] for c in each.get("coding", [])]
        return {each["code"] for each in codings if each.get("system") == PROGRAMME}

    def person(self, patient: str) -> str:
        links = self.by_ref.get(patient, {}).get("link", [])
        for each in links:
            if each["type"] == "replaced-by":
                return self.person(named(each["other"]))
        return patient

    def instant(self, text: str) -> datetime:
        if "T" in text:
            return datetime.fromisoformat(text)
        return datetime.combine(date.fromisoformat(text), time(), self.zone)

    def day(self, text: str) -> date:
        return self.instant(text).astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)

    def over(self, text: str) -> datetime:
        """The end of a day that is told as the last one, or the instant."""
        return self.instant(text) if "T" in text else self.midnight(self.day(text) + DAY)

    def holds(self, text: str | None) -> bool:
        return text is not None and self.first <= self.day(text) <= self.last

    def span(self, period: Resource) -> tuple[datetime, datetime]:
        return self.instant(period["start"]), self.over(period["end"]) if "end" in period else EVER

    def times(self, episode: Resource) -> list[tuple[datetime, datetime]]:
        """When it was active: as its history tells, and its status; without one its period."""
        history = [(e["status"], self.span(e["period"])) for e in episode.get("statusHistory", [])]
        active = [span for status, span in history if status == "active"]
        if episode["status"] == "active" and all(end != EVER for _, end in active):
            ends = [end for _, (_, end) in history]
            return [*active, (max(ends, default=self.span(episode["period"])[0]), EVER)]
        if not active and episode["status"] in {"active", "onhold", "finished"}:
            return [self.span(episode["period"])]
        if "end" in episode.get("period", {}):
            ended = self.over(episode["period"]["end"])
            return [(start, min(end, ended)) for start, end in active if start < ended]
        return active

    def stay(self, episode: Resource) -> tuple[datetime, datetime] | None:
        spans = self.times(episode)
        if not spans:
            return None
        ends = [end for _, end in spans]
        if "end" in episode.get("period", {}):
            ends.append(self.over(episode["period"]["end"]))
        return min(spans)[0], EVER if episode["status"] in {"active", "onhold"} else max(ends)

    def was_here(self, episode: Resource, day: date) -> bool:
        low, high = self.midnight(day), self.midnight(day + DAY)
        return any(start < high and end > low for start, end in self.times(episode))

    # Figures.

    @property
    def days(self) -> list[date]:
        return [self.first + DAY * n for n in range((self.last - self.first).days + 1)]

    def courses(self) -> list[list[Resource]]:
        """The episodes, those of one person at the same time together, first who stands."""
        found: list[list[Resource]] = []
        for each in sorted(self.episodes, key=lambda e: (self.is_replaced(e), e["id"])):
            same = [course for course in found if self.is_one(course[0], each)]
            if same:
                same[0].append(each)
            else:
                found.append([each])
        return found

    def census(self) -> Numbers:
        return {
            "present": self.that(lambda c: any(self.was_there(c, day) for day in self.days)),
            "present-at-end": self.that(lambda c: self.was_there(c, self.last)),
            "admitted": self.that(self.came),
            "left": self.that(self.left),
        }

    def by_day(self) -> dict[str, set[str]]:
        """Who was there on each day, or on the first of each week."""
        step = 1 if len(self.days) <= 31 else 7
        return {
            day.isoformat(): {ref(c[0]) for c in self.courses() if self.was_there(c, day)}
            for day in self.days[::step]
        }

    def that(self, fits: Callable[[list[Resource]], bool]) -> tuple[set[str], ...]:
        return ({ref(course[0]) for course in self.courses() if fits(course)},)

    def was_there(self, course: list[Resource], day: date) -> bool:
        return any(self.was_here(each, day) for each in course)

    def came(self, course: list[Resource]) -> bool:
        starts = [start for each in course for start, _ in self.times(each)]
        return bool(starts) and self.holds(min(starts).isoformat())

    def left(self, course: list[Resource]) -> bool:
        ends = [found[1] for each in course if (found := self.stay(each))]
        low, high = self.midnight(self.first), self.midnight(self.last + DAY)
        return bool(ends) and low < max(ends) <= high

    def is_replaced(self, episode: Resource) -> bool:
        return self.person(named(episode["patient"])) != named(episode["patient"])

    def is_one(self, one: Resource, other: Resource) -> bool:
        whose = named(one["patient"]), named(other["patient"])
        meet = any(a < d and c < b for a, b in self.times(one) for c, d in self.times(other))
        return whose[0] != whose[1] and self.person(whose[0]) == self.person(whose[1]) and meet

    def tasks(self, code: str) -> Iterator[Resource]:
        for each in self.all("Task"):
            codes = {c["code"] for c in each.get("code", {}).get("coding", [])}
            if code in codes and self.person(named(each.get("for"))) in self.people:
                yield each

    def asked(self, task: Resource) -> str:
        told = [task, self.by_ref.get(named(task.get("focus")), {})]
        dates = [each["authoredOn"] for each in told if "authoredOn" in each]
        return str(dates[0]) if dates else str(task["meta"]["lastUpdated"])

    def counts(self, task: Resource) -> bool:
        is_open = task["status"] in OPEN and self.day(self.asked(task)) < self.first
        return task["status"] != "entered-in-error" and (self.holds(self.asked(task)) or is_open)

    def referrals(self) -> Numbers:
        asked = [e for e in self.tasks("referral") if self.counts(e) and not self.elsewhere_of(e)]
        waiting = [each for each in asked if each["status"] in OPEN]
        return {"referrals": (set(map(ref, asked)), set(map(ref, waiting)))}

    def states(self, code: str) -> dict[str, set[str]]:
        """Those that count by their business status, or else their status."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        members = (self.referrals() if code == "referral" else self.handoffs()).popitem()[1][0]
        for each in self.tasks(code):
            if ref(each) in members:
                told = each.get("businessStatus", {}).get("coding", [])
                codings = [coding for coding in told if "clock" not in coding["system"]]
                found[codings[0]["code"] if codings else each["status"]].add(ref(each))
        return found

    def elsewhere_of(self, task: Resource) -> bool:
        """Whether it asks for another programme, or was the way into one."""
        asked = named(task.get("focus"))
        ours, theirs = (
            {named(each) for episode in of for each in episode.get("referralRequest", [])}
            for of in (self.episodes, self.others)
        )
        codes = self.codes([self.by_ref.get(asked, {}).get("code", {})])
        is_theirs = asked in theirs or (bool(codes) and self.programme not in codes)
        return is_theirs and asked not in ours

    def ages(self) -> dict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for each in self.tasks("referral"):
            if self.counts(each) and each["status"] in OPEN and not self.elsewhere_of(each):
                age = (self.last - self.day(self.asked(each))).days
                bands = (("0-2", 2), ("3-7", 7), ("8-14", 14), ("15-", 99_999))
                found[next(name for name, most in bands if age <= most)].add(ref(each))
        return found

    def handoffs(self) -> Numbers:
        elsewhere = {ref(each) for each in self.others}
        asked = [
            each
            for each in self.tasks("handoff")
            if self.counts(each) and named(each.get("reasonReference")) not in elsewhere
        ]
        closed = [each for each in asked if each["status"] == "completed"]
        return {"handoffs": (set(map(ref, asked)), set(map(ref, closed)))}

    def clocks(self, code: str) -> list[Resource]:
        return [each for each in self.tasks(code) if each["status"] not in WITHDRAWN]

    def follow_up(self) -> Numbers:
        found: Numbers = {}
        for code in ("follow-up-7d", "follow-up-30d"):
            due = [e for e in self.clocks(code) if self.holds(e["restriction"]["period"]["end"])]
            met = [each for each in due if each["status"] == "completed"]
            found[code] = (set(map(ref, due)), set(map(ref, met)))
        return found

    def waits(self) -> tuple[Numbers, float | None]:
        begun, waits = [], {}
        for each in self.clocks("follow-up-30d"):
            discharged = self.day(each["restriction"]["period"]["start"]) - DAY
            if self.first <= discharged <= self.last:
                begun.append(each)
                for output in each.get("output", []):
                    visit = self.by_ref[named(output["valueReference"])]
                    waits[ref(each)] = (self.day(visit["period"]["start"]) - discharged).days
        score = median(waits.values()) if waits else None
        return {"first-visit": (set(map(ref, begun)), set(waits))}, score
