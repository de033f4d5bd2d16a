"""A match is explained by its reasons, and who agrees on more never scores less."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake_api.domain.match import match

Person = dict[str, Any]
MRN, INSURANCE = "http://test.example/mrn", "http://test.example/insurance"
ANNA: Person = {
    "identifier": [{"system": MRN, "value": "1"}, {"system": INSURANCE, "value": "7"}],
    "name": [{"family": "Müller", "given": ["Anna", "Maria"]}],
    "birthDate": "1980-02-29",
    "gender": "female",
    "telecom": [{"system": "phone", "value": "+1 (555) 010-2030"}, {"value": "A@test.example"}],
    "address": [{"line": ["1 Elm St."], "city": "Salem", "postalCode": "01970"}],
}
GRADES = ["certainly-not", "possible", "probable", "certain"]


def part(*names: str, **changes: object) -> Person:
    return {name: ANNA[name] for name in names} | changes


def identifier(system: str, value: str) -> Person:
    return {"identifier": [{"system": system, "value": value}]}


def reasons(wanted: Person) -> set[tuple[str, str]]:
    return {(each.element, each.finding) for each in match(wanted, ANNA).reasons}


@pytest.mark.parametrize(
    ("wanted", "grade"),
    [
        (ANNA, "certain"),
        (part("identifier", "birthDate", "name"), "certain"),
        (part("identifier", "birthDate"), "probable"),
        (identifier(MRN, "1"), "probable"),
        (part("identifier", "birthDate", "name", name=[{"given": ["Eva"]}]), "probable"),
        (part("name", "birthDate", "telecom"), "probable"),
        (part("name", "birthDate", "address"), "probable"),
        (part("name", "birthDate", "gender"), "possible"),
        (part("name"), "possible"),
        (part("name", "gender"), "possible"),
        (part("birthDate", "telecom"), "possible"),
        (part("identifier", "name", birthDate="1980-03-01"), "possible"),
        (ANNA | {"gender": "male"}, "possible"),
        (ANNA | identifier(MRN, "2"), "possible"),
        (identifier(MRN, "2"), "certainly-not"),
        ({"gender": "female"}, "certainly-not"),
        ({"name": [{"given": ["Anton"]}]}, "certainly-not"),
        ({}, "certainly-not"),
    ],
)
def test_what_agrees_makes_the_grade(wanted: Person, grade: str) -> None:
    assert match(wanted, ANNA).grade == grade


def test_names_agree_whatever_their_case_accents_and_order() -> None:
    wanted = {"name": [{"family": "MULLER", "given": ["maria"]}]}
    assert reasons(wanted) == {("family", "agrees"), ("given", "agrees")}
    assert reasons({"name": [{"family": "Mull", "given": ["A."]}]}) == {("given", "partly")}
    assert reasons({"name": [{"text": "Anna Müller"}]}) == set()


def test_a_part_of_a_date_agrees_in_part() -> None:
    assert reasons({"birthDate": "1980-02"}) == {("birthDate", "partly")}
    assert reasons({"birthDate": "1980-02-29"}) == {("birthDate", "agrees")}
    assert reasons({"birthDate": "1981"}) == {("birthDate", "contradicts")}


def test_contacts_agree_however_they_are_written() -> None:
    for value in ("555-010-2030", "0015550102030", "a@TEST.example"):
        assert reasons({"telecom": [{"value": value}]}) == {("telecom", "agrees")}
    for value in ("010-2030", "555-010-2031", "b@test.example"):
        assert reasons({"telecom": [{"value": value}]}) == set()


def test_an_address_agrees_by_its_line_and_in_part_by_its_place() -> None:
    street = {"line": ["1 elm st"], "postalCode": "01970"}
    assert reasons({"address": [street]}) == {("address", "agrees")}
    assert reasons({"address": [{"postalCode": "01970"}]}) == {("address", "partly")}
    assert reasons({"address": [{"line": ["1 Elm St."], "postalCode": "02101"}]}) == set()


def test_one_system_of_identifiers_may_agree_and_another_contradict() -> None:
    wanted = {"identifier": [{"system": MRN, "value": "1"}, {"system": INSURANCE, "value": "8"}]}
    assert reasons(wanted) == {("identifier", "agrees"), ("identifier", "contradicts")}
    assert reasons(identifier("http://test.example/other", "1")) == set()


def test_an_unknown_gender_says_nothing() -> None:
    assert reasons({"gender": "unknown"}) == set()
    assert reasons({"gender": "male"}) == {("gender", "contradicts")}


def test_the_score_is_the_sum_of_its_reasons() -> None:
    found = match(part("name", "birthDate", "gender"), ANNA)
    assert found.score == sum(each.points for each in found.reasons) / 100 == 0.43
    assert match(ANNA, ANNA).score == 1
    assert match(identifier(MRN, "2"), ANNA).score == 0


VALUES = st.sampled_from(["1", "2", "7"])
IDENTIFIERS = st.builds(
    lambda system, value: {"system": system, "value": value},
    st.sampled_from([MRN, INSURANCE]),
    VALUES,
)
NAMES = st.builds(
    lambda family, given: {"family": family, "given": given},
    st.sampled_from(["Müller", "Muller", "Stone"]),
    st.lists(st.sampled_from(["Anna", "Eva", "A"]), max_size=2),
)
PEOPLE = st.fixed_dictionaries(
    {},
    optional={
        "identifier": st.lists(IDENTIFIERS, max_size=3),
        "name": st.lists(NAMES, max_size=2),
        "birthDate": st.sampled_from(["1980-02-29", "1980-02", "1980", "1979-01-01"]),
        "gender": st.sampled_from(["female", "male", "unknown"]),
        "telecom": st.lists(st.sampled_from(ANNA["telecom"]), max_size=2),
        "address": st.lists(
            st.fixed_dictionaries(
                {"postalCode": st.sampled_from(["01970", "02101"])},
                optional={"line": st.just(["1 Elm St."])},
            ),
            max_size=2,
        ),
    },
)


@given(PEOPLE, PEOPLE, st.sampled_from(sorted(ANNA)))
def test_who_agrees_on_more_never_scores_less(wanted: Person, known: Person, name: str) -> None:
    if name not in known:
        return
    told = known[name]
    agreeing = wanted | {name: [*wanted.get(name, ()), *told] if isinstance(told, list) else told}
    before, after = match(wanted, known), match(agreeing, known)
    assert after.points >= before.points
    assert GRADES.index(after.grade) >= GRADES.index(before.grade)


@given(PEOPLE, PEOPLE)
def test_agreement_is_mutual(one: Person, other: Person) -> None:
    assert match(one, other) == match(other, one)


@given(PEOPLE, PEOPLE)
def test_a_name_alone_makes_nobody_more_than_possible(one: Person, other: Person) -> None:
    known = {name: value for name, value in other.items() if name in {"name", "gender"}}
    assert match(one, known).grade in {"certainly-not", "possible"}
