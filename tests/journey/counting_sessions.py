"""Counts sessions, hours and outcomes from raw resources, apart from the product's own counting."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.journey.counting import DAY, Count, Numbers, Resource, named, ref

if TYPE_CHECKING:
    from datetime import date

MINUTE = timedelta(minutes=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The code of a score, and the points below which is remission.
SCORES = {"phq-9-change": ("44261-6", 5), "gad-7-change": ("70274-6", 5)}
POLICIES = Path(__file__).parents[2] / "shared" / "care" / "hours_policies.json"
OURS = "https://stepdown.example/fhir/StructureDefinition/stepdown-careplan"


def counted_services(policy: str) -> set[str]:
    told = json.loads(POLICIES.read_text())["policies"]
    [found] = [each for each in told if each["name"] == policy]
    return set(found["counted"])


class Sessions(Count):
    """What was planned and attended, and what measures came to."""

    def minutes(self, start: datetime, end: datetime) -> set[datetime]:
        found, at = set(), start.astimezone(UTC)
        while at < end:
            found.add(at)
            at += MINUTE
        return found

    def counts_hours(self, order: Resource) -> bool:
        told = {e.rpartition("/")[2].split("|")[0] for e in order.get("instantiatesCanonical", ())}
        return not told.isdisjoint(counted_services("iop-general"))

    def visits(self) -> list[Resource]:
        return [
            each
            for each in self.all("Encounter")
            if each["status"] == "finished"
            and each["class"]["code"] in {"AMB", "VR"}
            and each.get("appointment")
        ]

    def whose(self, resource: Resource) -> str:
        actors = [named(each.get("actor")) for each in resource.get("participant", [])]
        patients = [each for each in actors if each.startswith("Patient/")]
        return self.person(patients[0] if patients else named(resource.get("subject")))

    def is_of_others(self, person: str, start: str, episodes: list[Resource]) -> bool:
        named_ones = {named(each) for each in episodes}
        if named_ones:
            ours, theirs = ({ref(e) for e in of} for of in (self.episodes, self.others))
            return not named_ones & ours and bool(named_ones & theirs)
        at = self.instant(start)

        def was_in(of: list[Resource]) -> bool:
            stays = [self.stay(e) for e in of if self.person(named(e["patient"])) == person]
            return any(each[0] <= at < each[1] for each in stays if each)

        return was_in(self.others) and not was_in(self.episodes)

    def episodes_of(self, *told: Resource) -> list[Resource]:
        """Say of which episodes a session is: as the visit says, else as its plan does."""
        said = [each for one in told for each in one.get("episodeOfCare", [])]
        if said:
            return said
        orders = {named(order) for one in told for order in one.get("basedOn", [])}
        booked = {named(e) for one in told for e in one.get("supportingInformation", [])}
        plans = [
            plan
            for plan in self.all("CarePlan")
            if OURS in plan.get("meta", {}).get("profile", [])
            and (
                ref(plan) in booked
                or not orders.isdisjoint(named(e.get("reference")) for e in plan["activity"])
            )
        ]
        told_by = [each for plan in plans for each in plan.get("supportingInfo", [])]
        return [each for each in told_by if named(each).startswith("EpisodeOfCare/")]

    def attendance(self) -> Numbers:
        kept = {named(a): each for each in self.visits() for a in each["appointment"]}
        told = set()
        came = set()
        for each in self.all("Appointment"):
            is_seen = each["status"] == "booked" and ref(each) in kept
            is_told = each["status"] in {"arrived", "checked-in", "fulfilled", "noshow"} or is_seen
            if not is_told or not each.get("basedOn") or not self.holds(each.get("start")):
                continue
            person = self.whose(each)
            episodes = self.episodes_of(kept.get(ref(each), {}), each)
            if person in self.people and not self.is_of_others(person, each["start"], episodes):
                told.add(ref(each))
                if each["status"] != "noshow":
                    came.add(ref(each))
        return {"attendance": (told, came)}

    def weeks(self) -> list[date]:
        return [each for each in self.days if each.weekday() == 0]

    def delivered(self) -> tuple[set[str], float]:
        """Each minute that each person attended in the weeks, once."""
        bounds = [(self.midnight(w), self.midnight(w + 7 * DAY)) for w in self.weeks()]
        visits: set[str] = set()
        minutes: defaultdict[str, set[datetime]] = defaultdict(set)
        for each in self.visits():
            person, period = self.whose(each), each["period"]
            kept = [self.by_ref.get(named(a), {}) for a in each["appointment"]]
            episodes = self.episodes_of(each, *kept)
            if person not in self.people or self.is_of_others(person, period["start"], episodes):
                continue
            sessions = [self.by_ref.get(named(a), {}) for a in each["appointment"]]
            orders = [named(o) for told in (each, *sessions) for o in told.get("basedOn", [])]
            if not any(self.counts_hours(self.by_ref.get(o, {})) for o in orders):
                continue
            if all(a.get("status") == "noshow" for a in sessions):
                continue
            there = self.minutes(self.instant(period["start"]), self.instant(period["end"]))
            booked = [a for a in sessions if "start" in a and "end" in a]
            if booked:
                spans = [(self.instant(a["start"]), self.instant(a["end"])) for a in booked]
                there = {m for m in there if any(low <= m < high for low, high in spans)}
            there = {m for m in there if any(low <= m < high for low, high in bounds)}
            if there:
                visits.add(ref(each))
                minutes[person] |= there
        return visits, sum(len(each) for each in minutes.values()) / 60

    def planned(self) -> tuple[set[str], float]:
        plans, total = set(), 0
        held = {
            named(order)
            for each in self.all("Appointment")
            if each["status"] in {"arrived", "checked-in", "fulfilled", "noshow"}
            for order in each.get("basedOn", [])
        }
        for plan in self.all("CarePlan"):
            is_followed = plan["status"] in {"active", "on-hold", "completed", "revoked"}
            is_ours = OURS in plan.get("meta", {}).get("profile", [])
            person = self.whose(plan)
            if not is_followed or not is_ours or plan["intent"] == "proposal":
                continue
            rests_on = plan.get("supportingInfo", [])
            episodes = [e for e in rests_on if named(e).startswith("EpisodeOfCare/")]
            start = plan["period"]["start"]
            if person in self.people and not self.is_of_others(person, start, episodes):
                met = self.met(plan, person, held)
                total += len(met)
                plans |= {ref(plan)} if met else set()
        return plans, total / 60

    def met(self, plan: Resource, person: str, held: set[str]) -> set[datetime]:
        """The minutes of a plan's sessions in the weeks, until its person left."""
        found: set[datetime] = set()
        last = self.last_day(plan, person)
        for activity in plan.get("activity", []):
            order = self.by_ref[named(activity["reference"])]
            is_planned = order["status"] in {"draft", "active", "completed"} or ref(order) in held
            if not is_planned or not self.counts_hours(order):
                continue
            repeat = order["occurrenceTiming"]["repeat"]
            begins = self.day(repeat["boundsPeriod"]["start"])
            monday = begins - DAY * begins.weekday()
            for week in self.weeks():
                if (week - monday).days // 7 % repeat.get("period", 1):
                    continue
                for day in (week + DAY * n for n in range(7)):
                    if WEEKDAYS[day.weekday()] in repeat["dayOfWeek"] and begins <= day <= last:
                        for told in repeat["timeOfDay"]:
                            at = datetime.combine(day, time.fromisoformat(told), self.zone)
                            found |= self.minutes(at, at + MINUTE * repeat["duration"])
        return found

    def last_day(self, plan: Resource, person: str) -> date:
        start, days = self.instant(plan["period"]["start"]), [self.day(plan["period"]["end"])]
        mine = [e for e in self.episodes if self.person(named(e["patient"])) == person]
        ends = [found[1] for e in mine if (found := self.stay(e)) and found[1] > start]
        days += [(min(ends) - MINUTE).astimezone(self.zone).date()] if ends else []
        days += [
            self.day(each["period"]["start"]) - DAY
            for each in self.all("CarePlan")
            if ref(plan) in map(named, each.get("replaces", []))
            and each["status"] in {"active", "on-hold", "completed", "revoked"}
            and each["intent"] != "proposal"
        ]
        return min(days)

    def outcome(self) -> Numbers:
        found: Numbers = {}
        for name, (code, cut) in SCORES.items():
            latest = [each for p in sorted(self.people) if (each := self.reached(p, code, cut))]
            whole = {ref(score) for score, _, _ in latest}
            response = {ref(score) for score, is_response, _ in latest if is_response}
            remission = {ref(score) for score, _, is_remission in latest if is_remission}
            found[f"{name}-response"] = (whole, response)
            found[f"{name}-remission"] = (whole, remission)
        return found

    def reached(self, person: str, code: str, cut: int) -> tuple[Resource, bool, bool] | None:
        """Compare the last score of the period with the first of the person's last intake."""
        scores = [
            each
            for each in self.all("Observation")
            if code in {c["code"] for c in each["code"].get("coding", [])}
            and each["status"] in {"final", "amended", "corrected"}
            # A total that was not made here is not known to be alike.
            and "method" in each
            and self.person(named(each.get("subject"))) == person
        ]
        scores.sort(key=lambda each: self.instant(each["effectiveDateTime"]))
        intakes = [window for e in self.episodes if (window := self.intake(e, person))]
        if not intakes:
            return None
        opens, closes = max(intakes)
        taken = [(self.instant(each["effectiveDateTime"]), each) for each in scores]
        baseline = next(((at, each) for at, each in taken if opens <= at < closes), None)
        now = [(at, e) for at, e in taken if baseline and at > baseline[0]]
        now = [(at, e) for at, e in now if self.holds(at.isoformat())]
        if baseline is None or not now:
            return None
        before, after = (each["valueQuantity"]["value"] for each in (baseline[1], now[-1][1]))
        return now[-1][1], after < before and 2 * (before - after) >= before, after < cut <= before

    def intake(self, episode: Resource, person: str) -> tuple[datetime, datetime] | None:
        """From a day before an episode was opened until a fortnight after the admission."""
        admitted = self.instant(episode["period"]["start"])
        history = [e["period"]["start"] for e in episode.get("statusHistory", [])]
        opened = min([admitted, *map(self.instant, history)])
        is_theirs = self.person(named(episode["patient"])) == person
        is_told = opened - DAY < self.midnight(self.last + DAY)
        return (opened - DAY, admitted + 14 * DAY) if is_theirs and is_told else None
