"""People whose care lies at the edges of what figures count: of days, programmes and persons."""

from __future__ import annotations

from typing import Any

from services.plan_api.domain.draft_plan import categories
from shared.care.canonical import CANONICAL, code_system
from shared.care.programme_plan import PROFILE

Resource = dict[str, Any]
ONE, TWO = "Organization/edge-one", "Organization/edge-two"
IDENTIFIER = {"system": "https://programme.example/places", "value": "two"}
# In New York the clock goes forward in the night to the 8th of March.
BEFORE_MARCH, MARCH_BEGINS = "2026-03-01T04:59:59Z", "2026-03-01T05:00:00Z"
MARCH_ENDS, APRIL_BEGINS = "2026-04-01T03:59:59Z", "2026-04-01T04:00:00Z"


class Edge:
    """Writes what there is of a few people, in order, as a transaction."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.put("Organization", "edge-one", name="One programme")
        self.put("Organization", "edge-two", name="Another", identifier=[IDENTIFIER])

    def put(self, resource_type: str, resource_id: str, **told: Any) -> str:  # noqa: ANN401
        found = {"resourceType": resource_type, "id": resource_id} | told
        self.resources.append({k.rstrip("_"): v for k, v in found.items()})
        return f"{resource_type}/{resource_id}"

    @property
    def bundle(self) -> Resource:
        entry = [
            {"resource": e, "request": {"method": "PUT", "url": f"{e['resourceType']}/{e['id']}"}}
            for e in self.resources
        ]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entry}

    def patient(self, name: str, **told: object) -> str:
        return self.put("Patient", f"edge-{name}", **told)

    def episode(
        self, name: str, start: str, end: str | None, of: str | None = ONE, **told: object
    ) -> str:
        period = {"start": start} | ({"end": end} if end else {})
        whose = {} if of is None else {"managingOrganization": {"reference": of}}
        programme = {"system": code_system("programme"), "code": told.pop("programme", "iop")}
        found: Resource = {
            "status": "finished" if end else "active",
            "patient": {"reference": f"Patient/edge-{told.pop('who', name)}"},
            "type_": [{"coding": [programme]}],
            "period": period,
            # No episode is planned for who has one.
            "referralRequest": [{"reference": f"ServiceRequest/edge-ask-{name}"}],
        }
        self.put(
            "ServiceRequest",
            f"edge-ask-{name}",
            status="active",
            intent="order",
            code={"coding": [programme]},
            subject=found["patient"],
            authoredOn="2026-02-10T12:00:00Z",
        )
        return self.put("EpisodeOfCare", f"edge-{name}", **(found | whose | told))

    def order(self, name: str, who: str, **told: object) -> str:
        found: Resource = {
            "status": "completed",
            "intent": "order",
            "subject": {"reference": f"Patient/edge-{who}"},
            "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/group-therapy|1.0"],
        }
        return self.put("ServiceRequest", f"edge-{name}", **(found | told))

    def session(
        self, name: str, who: str, start: str, end: str, status: str, *, order: str, **told: object
    ) -> None:
        """Hold a session; who came has an Encounter of it."""
        kept = self.put(
            "Appointment",
            f"edge-{name}",
            status=status,
            start=start,
            end=end,
            basedOn=[{"reference": order}],
            participant=[{"actor": {"reference": f"Patient/edge-{who}"}, "status": "accepted"}],
        )
        if status != "noshow":
            visit: Resource = {
                "status": "finished",
                "class_": {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": "AMB",
                },
                "subject": {"reference": f"Patient/edge-{who}"},
                "appointment": [{"reference": kept}],
                "period": {"start": start, "end": end},
            }
            self.put("Encounter", f"edge-{name}", **(visit | told))

    def plan(self, name: str, who: str, period: tuple[str, str], order: str, **told: object) -> str:
        found: Resource = {
            "meta": {"profile": [PROFILE]},
            "status": "completed",
            "intent": "plan",
            "category": categories(),
            "subject": {"reference": f"Patient/edge-{who}"},
            "period": {"start": period[0], "end": period[1]},
            "activity": [{"reference": {"reference": order}}],
        }
        return self.put("CarePlan", f"edge-{name}", **(found | told))

    def timed(self, name: str, who: str, start: str, **told: object) -> str:
        repeat = {
            "boundsPeriod": {"start": start},
            "frequency": 2,
            "period": 1,
            "periodUnit": "wk",
            "duration": 90,
            "durationUnit": "min",
            "dayOfWeek": ["tue", "sun"],
            "timeOfDay": ["01:00:00"],
        }
        return self.order(name, who, occurrenceTiming={"repeat": repeat}, **told)

    def referral(self, name: str, who: str | None = None, **told: object) -> str:
        """Ask somebody to review the referral of an episode."""
        review = {"system": code_system("task"), "code": "referral"}
        found: Resource = {
            "status": "requested",
            "intent": "order",
            "code": {"coding": [review]},
            "focus": {"reference": f"ServiceRequest/edge-ask-{name}"},
            "for_": {"reference": f"Patient/edge-{who or name}"},
        }
        return self.put("Task", f"edge-asked-{name}", **(found | told))

    def score(self, name: str, who: str, taken: str, value: int, **told: object) -> str:
        method = {"system": code_system("instrument"), "code": "phq-9", "version": "1.0"}
        found: Resource = {
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            "subject": {"reference": f"Patient/edge-{who}"},
            "effectiveDateTime": taken,
            "method": {"coding": [method]},
            "valueQuantity": {"value": value},
        }
        return self.put("Observation", f"edge-{name}", **(found | told))


def edges() -> Resource:
    """Write everybody."""
    edge = Edge()
    for each in (_at_midnight, _left_early, _in_error, _two_at_once, _one_after_the_other):
        each(edge)
    _one_person(edge)
    _told_by_status(edge)
    return edge.bundle


def _at_midnight(edge: Edge) -> None:
    for name, start, end in (
        ("before", BEFORE_MARCH, MARCH_BEGINS),
        ("in", MARCH_BEGINS, MARCH_ENDS),
        ("after", MARCH_ENDS, APRIL_BEGINS),
        ("later", APRIL_BEGINS, "2026-04-01T04:00:01Z"),
    ):
        edge.patient(name)
        edge.episode(name, start, end)
        edge.referral(name, authoredOn=start)
        order = edge.order(f"of-{name}", name)
        edge.session(name, name, start, "2026-04-01T05:00:00Z", "noshow", order=order)
        edge.score(f"first-{name}", name, "2026-02-28T12:00:00-05:00", 20)
        edge.score(f"last-{name}", name, start, 10)
        edge.score(f"wrong-{name}", name, MARCH_ENDS, 2, status="entered-in-error")
    # An hour that has three and a half on the wall, and a break of the clock in it.
    edge.session(
        "spring",
        "in",
        "2026-03-08T00:30:00-05:00",
        "2026-03-08T04:00:00-04:00",
        "fulfilled",
        order="ServiceRequest/edge-of-in",
    )


def _left_early(edge: Edge) -> None:
    """Somebody whose plan goes on for longer than they stayed, and was followed by another."""
    edge.patient("early")
    edge.episode("early", "2026-02-23", "2026-03-20")
    old = edge.plan(
        "old", "early", ("2026-02-23", "2026-05-31"), edge.timed("o1", "early", "2026-02-23")
    )
    edge.plan(
        "new",
        "early",
        ("2026-03-11", "2026-05-31"),
        edge.timed("o2", "early", "2026-03-11"),
        replaces=[{"reference": old}],
    )
    edge.patient("gone")
    edge.episode("gone", "2026-02-23", "2026-03-13T15:00:00-04:00")
    order = edge.timed("o3", "gone", "2026-02-23", status="revoked")
    edge.plan("given-up", "gone", ("2026-02-23", "2026-05-31"), order, status="revoked")
    edge.session(
        "came",
        "gone",
        "2026-03-03T01:00:00-05:00",
        "2026-03-03T02:30:00-05:00",
        "fulfilled",
        order=order,
    )
    never = edge.timed("o4", "gone", "2026-02-23", status="revoked")
    edge.plan("never", "gone", ("2026-02-23", "2026-05-31"), never, status="revoked")


def _in_error(edge: Edge) -> None:
    edge.patient("wrong")
    edge.episode("wrong", "2026-03-02", "2026-03-20", status="entered-in-error")
    edge.referral("wrong", authoredOn="2026-03-02T12:00:00Z")
    order = edge.order("of-wrong", "wrong")
    edge.session(
        "wrong", "wrong", "2026-03-03T15:00:00Z", "2026-03-03T16:00:00Z", "fulfilled", order=order
    )


def _two_at_once(edge: Edge) -> None:
    edge.patient("both")
    iop = edge.episode("both-iop", "2026-03-02", "2026-03-20", who="both")
    php = edge.episode("both-php", "2026-03-09", "2026-03-27", who="both", programme="php")
    order = edge.order("of-both", "both")
    for name, day, episode in (("i", 10, iop), ("p", 11, php), ("n", 12, None), ("late", 24, None)):
        named = {"episodeOfCare": [{"reference": episode}]} if episode else {}
        start, end = (f"2026-03-{day}T{hour}:00:00Z" for hour in (15, 17))
        edge.session(f"both-{name}", "both", start, end, "fulfilled", order=order, **named)
    for name, day, episode in (("iop", 13, iop), ("php", 16, php)):
        planned = edge.timed(f"of-both-{name}", "both", "2026-03-09")
        rests_on = [{"reference": episode}]
        edge.plan(
            f"both-{name}", "both", ("2026-03-09", "2026-03-20"), planned, supportingInfo=rests_on
        )
        start, end = (f"2026-03-{day}T{hour}:00:00Z" for hour in (15, 17))
        edge.session(f"both-by-{name}", "both", start, end, "fulfilled", order=planned)
        missed = (f"2026-03-{day}T18:00:00Z", f"2026-03-{day}T19:00:00Z")
        edge.session(f"both-not-{name}", "both", *missed, "noshow", order=planned)
    late = {"coding": [{"system": code_system("clock"), "code": "overdue"}]}
    edge.referral("both-iop", "both", businessStatus=late)
    edge.referral("both-php", "both")


def _one_after_the_other(edge: Edge) -> None:
    edge.patient("moved")
    edge.episode("moved-one", "2026-02-02", "2026-03-06", who="moved")
    edge.episode(
        "moved-two",
        "2026-03-09",
        "2026-03-27",
        None,
        who="moved",
        managingOrganization={"identifier": IDENTIFIER},
    )
    edge.referral("moved-one", "moved")
    edge.referral("moved-two", "moved")
    order = edge.order("of-moved", "moved")
    for name, day in (("one", "05"), ("between", "07"), ("two", "10")):
        start, end = (f"2026-03-{day}T{hour}:00:00Z" for hour in (15, 17))
        edge.session(f"moved-{name}", "moved", start, end, "fulfilled", order=order)


def _one_person(edge: Edge) -> None:
    edge.patient("stands")
    replaced = {"other": {"reference": "Patient/edge-stands"}, "type": "replaced-by"}
    edge.patient("merged", link=[replaced])
    for name, score in (("stands", 20), ("merged", 4)):
        edge.episode(name, "2026-03-02", "2026-03-27")
        edge.score(f"one-{name}", name, f"2026-03-{score + 1:02}T12:00:00-04:00", score)
        order = edge.order(f"of-{name}", name)
        edge.session(
            name, name, "2026-03-10T15:00:00Z", "2026-03-10T16:00:00Z", "fulfilled", order=order
        )


def _told_by_status(edge: Edge) -> None:
    """Episodes whose history does not tell the status of now, and one that left it open."""
    edge.patient("again")
    past = [
        {"status": "active", "period": {"start": "2026-03-02", "end": "2026-03-05"}},
        {"status": "onhold", "period": {"start": "2026-03-06", "end": "2026-03-12"}},
    ]
    edge.episode("again", "2026-03-02", None, statusHistory=past)
    edge.patient("open")
    left = [{"status": "active", "period": {"start": "2026-02-02"}}]
    edge.episode("open", "2026-02-02", "2026-03-05", statusHistory=left)
