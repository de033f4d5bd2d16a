"""`Patient/$progress`: a person's measures, attendance, hours and goals over six weeks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.journey.answering import PHQ_9, response
from tests.journey.candidate import diagnostics, value
from tests.journey.merging import merged, parted, settled
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

WEEK = timedelta(days=7)
# A story of the Behavioral Health Profiles: up by less than the reliable change, and back again.
TOTALS = (12, 17, 12)


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    person.pass_time()
    yield person
    person.leaves()


def counts(total: int) -> dict[str, int | None]:
    return {code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9)}


def scores(person: Participant, total: int, without: str | None = None) -> Resource:
    """Answer the PHQ-9 now, so that it comes to a total."""
    at = person.now().isoformat(timespec="milliseconds")
    answered = counts(total) | ({without: None} if without else {})
    return person.put(response("phq-9", person.reference, at, answered))


def ask(person: Participant, **query: Any) -> httpx.Response:  # noqa: ANN401
    return person.http.get(f"Patient/{person.id}/$progress", params=query)


def told(person: Participant, **query: Any) -> Resource:  # noqa: ANN401
    answer = ask(person, **query)
    assert answer.is_success, answer.text
    found: Resource = answer.json()
    return found


def parts(answer: Resource, name: str) -> list[list[Resource]]:
    return [each["part"] for each in answer["parameter"] if each["name"] == name]


def measure(answer: Resource, name: str = "phq-9") -> list[Resource]:
    [found] = [e for e in parts(answer, "instrument") if e[0]["valueCode"] == name]
    return found


def series(answer: Resource, name: str = "phq-9") -> list[Resource]:
    found: list[list[Resource]] = [e["part"] for e in measure(answer, name) if "part" in e][-1:]
    return found[0]


def values(told: list[Resource], name: str) -> list[Any]:
    return [value(each) for each in told if each["name"] == name]


def one(told: list[Resource], name: str) -> Any:  # noqa: ANN401
    [found] = values(told, name)
    return found


def points(value: Resource) -> int:
    return int(value["score"]["value"])


def report(answer: Resource) -> Resource:
    found: list[Resource] = [e["resource"] for e in answer["parameter"] if "resource" in e]
    return found[0]


def test_a_story_of_six_weeks_is_told_by_the_policy(person: Participant) -> None:
    for total in TOTALS:
        scores(person, total)
        person.pass_time(WEEK)
    person.pass_time(WEEK)
    scores(person, 4)
    person.pass_time(2 * WEEK)

    answer = told(person)
    found = series(answer)

    shown = [each for each in found if each["name"] == "value"]
    assert [points(value(each)) for each in shown] == [12, 17, 12, 4]
    assert [value(each)["change"] for each in shown] == [
        "not-classified",
        "no-reliable-change",
        "no-reliable-change",
        "remission",
    ]
    assert [value(each).get("delta") for each in shown] == [None, -5, 0, 8]
    assert points(one(found, "baseline")) == 12
    assert points(one(found, "latest")) == 4
    assert (one(found, "response"), one(found, "remission")) == (True, True)
    assert one(found, "trend") == "improving"
    for each in shown:
        reference = value(each)["observation"]["reference"]
        observation = person.http.get(reference).json()
        assert observation["valueQuantity"]["value"] == points(value(each))
        assert {"reference": reference} in report(answer)["result"]
    states = [each["name"] for each in measure(answer) if each["name"] in {"due", "late", "missed"}]
    assert states == ["missed", "late", "due"]
    assert len(parts(answer, "week")) in {7, 8}
    assert "remission" in report(answer)["text"]["div"]


def test_an_extended_total_is_shown_and_compared_with_nothing(person: Participant) -> None:
    scores(person, 9, without="44260-8")
    person.pass_time()
    [first] = values(series(told(person)), "value")
    assert (first["prorated"], first["change"], first["reason"]) == (
        True,
        "not-classified",
        "prorated",
    )
    assert values(series(told(person)), "baseline") == []

    scores(person, 12)
    person.pass_time()
    assert points(one(series(told(person)), "baseline")) == 12


def test_it_is_told_again_as_of_then(person: Participant) -> None:
    first = scores(person, 20)
    person.pass_time(WEEK)
    then = person.now().isoformat(timespec="milliseconds")
    before = told(person, at=then)

    scores(person, 10)
    person.put(first | {"status": "entered-in-error"})
    person.pass_time(3 * WEEK)
    again = told(person, at=then)

    assert again == before
    assert points(one(series(again), "latest")) == 20
    assert points(one(series(told(person)), "latest")) == 10
    assert "baseline" in [each["name"] for each in series(again)]


def test_who_was_one_person_then_is_one_person_as_of_then(person: Participant) -> None:
    second, third = (Participant(person.http, status="planned") for _ in range(2))
    for each, total in ((person, 20), (second, 16), (third, 12)):
        scores(each, total)
        person.pass_time()
    merged(third, second)
    merged(second, person)
    settled(person)
    then = person.now().isoformat(timespec="milliseconds")
    asked = (person, second, third)
    before = [told(each, at=then) for each in asked]
    totals = [points(each) for each in values(series(before[0]), "value")]
    assert totals == [20, 16, 12]

    parted(third)
    parted(second)
    settled(person)
    assert [told(each, at=then) for each in asked] == before
    assert len(values(series(told(person)), "value")) == 1
    for each in (second, third):
        each.leaves()


def test_attendance_and_hours_are_counted(person: Participant) -> None:
    begins = person.now() - timedelta(hours=30)
    sessions = [person.session(begins + timedelta(hours=2 * n)) for n in range(4)]
    person.attends(sessions[0])
    person.attends(sessions[1], late=30)
    person.put(sessions[2] | {"status": "noshow"})
    person.session(person.now() + timedelta(days=2))
    person.pass_time()

    start = (begins - timedelta(days=1)).date().isoformat()
    [found] = parts(told(person, start=start), "attendance")

    assert {each["name"]: value(each) for each in found} == {
        "offered": 4,
        "attended": 2,
        "missed": 1,
        "untold": 1,
        "percent": 67,
    }


def test_scores_without_a_rule_are_shown_and_not_classified(person: Participant) -> None:
    at = person.now().isoformat(timespec="milliseconds")
    items = ("44250-9", "44255-8")
    person.put(response("phq-2", person.reference, at, dict.fromkeys(items, 2)))
    person.pass_time()

    found = series(told(person, instrument="phq-2"), "phq-2")

    [shown] = values(found, "value")
    assert (points(shown), shown["change"], shown["reason"]) == (4, "not-classified", "no-rule")
    assert values(found, "trend") == []


def test_a_period_and_instruments_narrow_what_is_shown(person: Participant) -> None:
    scores(person, 15)
    person.pass_time(3 * WEEK)
    scores(person, 14)
    person.pass_time()
    start = (person.now() - WEEK).date().isoformat()

    answer = told(person, start=start, instrument=["phq-9", "who-5"])

    assert [each[0]["valueCode"] for each in parts(answer, "instrument")] == ["phq-9", "who-5"]
    assert [points(each) for each in values(series(answer), "value")] == [14]
    assert points(one(series(answer), "baseline")) == 15


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"instrument": "mine"}, "instrument must be one of"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "end must not be before start"),
        ({"start": "2026-03"}, "start must be a day"),
        ({"start": "1900-01-01"}, "106 weeks at once"),
        ({"at": "2999-01-01T00:00:00Z"}, "at must not lie in the future"),
        ({"at": "2026-03-01"}, "at must tell the time too"),
    ],
)
def test_what_cannot_be_told_is_refused(
    person: Participant, query: dict[str, str], says: str
) -> None:
    answer = ask(person, **query)

    assert answer.status_code == 400
    assert says in diagnostics(answer)


def test_nobody_and_who_was_never_measured(person: Participant, http: httpx.Client) -> None:
    assert http.get("Patient/nobody/$progress").status_code == 404
    other = {"resourceType": "Patient", "id": f"other-{person.id}"}
    person.put(other)
    answer = http.get(f"Patient/{other['id']}/$progress").json()
    assert parts(answer, "instrument") == []
    assert datetime.fromisoformat(answer["parameter"][0]["valueDateTime"])


def test_what_is_asked_next_is_told_before_there_is_a_task(person: Participant) -> None:
    scores(person, 12)
    person.pass_time()
    answer = told(person)
    found = {each[0]["valueCode"]: one(each, "next-due") for each in parts(answer, "instrument")}

    assert found.keys() == {"phq-9", "gad-7"}
    assert found["phq-9"] == found["gad-7"]
    assert f"next due from {found['phq-9']['start']}" in report(answer)["text"]["div"]
    then = datetime.fromisoformat(answer["parameter"][0]["valueDateTime"])

    person.pass_time(WEEK)
    [asked] = [e for e in person.measures("requested", "phq-9") if "businessStatus" not in e]
    assert asked["restriction"]["period"] == found["phq-9"]
    assert one(measure(told(person)), "next-due")["start"] > found["phq-9"]["end"]
    before = told(person, at=then.isoformat())
    assert one(measure(before), "next-due") == found["phq-9"]

    person.put({"resourceType": "Patient", "id": person.id, "deceasedBoolean": True})
    person.pass_time()
    assert values(measure(told(person, instrument="phq-9")), "next-due") == []


def test_what_was_asked_for_cannot_be_deleted_from_the_past(person: Participant) -> None:
    [asked, *_] = person.measures()
    at = person.now().isoformat(timespec="milliseconds")
    person.pass_time()

    refused = person.http.delete(f"Task/{asked['id']}")
    assert refused.status_code == 409
    assert "Provenance/" in diagnostics(refused)
    due = [each for each in measure(told(person, at=at)) if each["name"] == "due"]
    assert f"Task/{asked['id']}/_history/1" in str(due)
