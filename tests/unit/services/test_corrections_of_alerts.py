"""However a risk is stated and corrected, what stands is what the last statement calls for."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.progress_api.domain import ground, suicide_risk
from services.progress_api.domain.ground import Standing
from services.progress_api.domain.suicide_risk import Cause
from shared.care import correction

Resource = dict[str, Any]
PEOPLE = ("a", "b")
AT = "2026-03-05T10:00:00.000Z"
OPEN = {"requested", "accepted", "in-progress"}


def risk(person: str, answer: str, status: str) -> Resource:
    loinc = "http://loinc.org"
    return {
        "resourceType": "Observation",
        "status": status,
        "code": {"coding": [{"system": loinc, "code": "93374-7"}]},
        "subject": {"reference": f"Patient/{person}"},
        "valueCodeableConcept": {"coding": [{"system": loinc, "code": answer}]},
    }


class Alerts(RuleBasedStateMachine):
    """The versions of one Observation, what they raised, and what people did about it."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: list[Resource] = []
        self.store: dict[str, Resource] = {}
        self.acted: set[str] = set()

    @rule(
        person=st.sampled_from(PEOPLE),
        answer=st.sampled_from(["LA9193-9", "LA9193-9", "LA6751-7"]),
        status=st.sampled_from(["final", "corrected", "entered-in-error"]),
    )
    def state(self, person: str, answer: str, status: str) -> None:
        self.versions.append(risk(person, answer, status))

    @rule()
    def raise_alerts(self) -> None:
        """As the reaction does, for each version, even where a later one takes it back."""
        for number in range(1, len(self.versions) + 1):
            person, first = self.person(number), self.first(number)
            if person is not None:
                cause = Cause("o", first, person, AT, certain=True)
                for entry in suicide_risk.alert(cause)["entry"][:2]:
                    kind = entry["resource"]["resourceType"]
                    self.store.setdefault(
                        f"{kind}/{first}",
                        entry["resource"] | {"id": str(first), "meta": {"versionId": "1"}},
                    )

    @rule(status=st.sampled_from(["accepted", "completed"]), flag=st.booleans())
    def act(self, status: str, *, flag: bool) -> None:
        """Deal with what is open."""
        for name, each in list(self.store.items()):
            if name.startswith("Task/") and each["status"] in OPEN and "focus" in each:
                if each["focus"]["reference"] != "Observation/o":
                    continue
                self.write(each | {"status": status, "owner": {"reference": "Practitioner/d"}})
                self.acted.add(name)
            elif flag and each["resourceType"] == "Flag" and each["status"] == "active":
                self.write(each | {"status": "inactive"})
                self.acted.add(f"Task/{each['id']}")

    @rule()
    def follow(self) -> None:
        for name in [each for each in self.store if each.startswith("Task/")]:
            task = self.store[name]
            if suicide_risk.raised_by(task) is None:
                continue
            bundle = ground.followed(self.standing(task), "Observation/o/_history/1", AT)
            for entry in (bundle or {"entry": []})["entry"]:
                if entry["resource"]["resourceType"] != "Provenance":
                    self.write(entry["resource"])

    @rule()
    def settle(self) -> None:
        self.raise_alerts()
        self.follow()
        number = len(self.versions)
        person = self.person(number) if number else None
        standing = None if person is None else str(self.first(number))
        for name, each in self.store.items():
            is_now = each["id"] == standing
            if name.startswith("Flag/"):
                assert each["status"] in (
                    {"active", "inactive"} if is_now else {"inactive", "entered-in-error"}
                )
            elif suicide_risk.raised_by(each) is not None:
                assert is_now or each["status"] not in OPEN
                assert not (is_now and correction.is_withdrawn(each))
                self.reviewed(name, each, person)
        assert standing is None or f"Task/{standing}" in self.store

    def reviewed(self, name: str, task: Resource, person: str | None) -> None:
        """Who acted is asked to look again as long as the risk of that person is not high."""
        review = self.store.get(f"Task/{correction.review_id(name)}")
        is_high = task["for"] == {"reference": f"Patient/{person}"}
        is_asked = review is not None and review["status"] == "requested"
        assert is_asked == (name in self.acted and not is_high)

    @invariant()
    def nothing_is_ever_lost(self) -> None:
        kinds = {each["status"] for each in self.store.values()}
        assert kinds <= {*OPEN, "completed", "cancelled", "active", "inactive", "entered-in-error"}

    def teardown(self) -> None:
        self.settle()
        before = dict(self.store)
        self.settle()
        assert self.store == before

    def person(self, number: int) -> str | None:
        return suicide_risk.person_at_high_risk(self.versions[number - 1], ())

    def first(self, number: int) -> int:
        while number > 1 and self.person(number - 1) == self.person(number):
            number -= 1
        return number

    def standing(self, task: Resource) -> Standing:
        number = len(self.versions)
        person = self.person(number)
        name = correction.review_id(f"Task/{task['id']}")
        review = self.store.get(f"Task/{name}")
        return Standing(
            task=task,
            flag=self.store.get(f"Flag/{task['id']}"),
            review=review,
            ground="Observation/o",
            stands=person is not None and task["id"] == str(self.first(number)),
            again=task["for"] == {"reference": f"Patient/{person}"},
        )

    def write(self, resource: Resource) -> None:
        number = int(resource.get("meta", {}).get("versionId", "0")) + 1
        name = f"{resource['resourceType']}/{resource['id']}"
        self.store[name] = resource | {"meta": {"versionId": str(number)}}


TestAlerts = Alerts.TestCase
TestAlerts.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
