"""What holds of patches of any content: they lead from one tree to another and back."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.errors import Malformed, RuleViolation, TooLarge
from shared.fhir.patch import fhirpath_operations, fhirpath_patch, json_patch
from shared.fhir.patch.trees import equal
from shared.fhir.reader import read
from shared.fhir.writer import write
from tests.unit.fhir_patch.test_fhirpath_patch import operation, parameters
from tests.unit.fhir_patch.trees import text, tree

names = st.sampled_from(["a", "b", "c", "", "/", "~", "~1", "0", "-", "é"])
scalars = st.one_of(
    st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=3), st.none(),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(names, inner, max_size=4).map(lambda made: made | {"kept": True})


resources = st.dictionaries(names, values, max_size=4).map(
    lambda made: read(json.dumps(made | {"resourceType": "X"}).encode())
)
# Trees whose objects always keep one member, for what a patch empties would be gone.
kept = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | _objects(inner),
    max_leaves=12,
).map(lambda value: {"kept": True, "value": value})


def pointer(*steps: object) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def difference(one: Any, other: Any, *way: object) -> list[dict[str, Any]]:  # noqa: ANN401
    """The operations that lead from one tree to another."""
    if type(one) is type(other) is dict:
        gone = [{"op": "remove", "path": pointer(*way, key)} for key in one.keys() - other.keys()]
        new = [
            {"op": "add", "path": pointer(*way, key), "value": other[key]}
            for key in other.keys() - one.keys()
        ]
        both = [difference(one[key], other[key], *way, key) for key in one.keys() & other.keys()]
        return [*new, *gone, *(each for found in both for each in found)]
    return [] if equal(one, other) else [{"op": "replace", "path": pointer(*way), "value": other}]


def places(value: Any, *way: object) -> list[tuple[object, ...]]:  # noqa: ANN401
    """The way to each value inside a tree."""
    if type(value) is dict:
        inside = list(value.items())
    else:
        inside = list(enumerate(value)) if type(value) is list else []
    found = [(*way, key) for key, _ in inside]
    return found + [each for key, child in inside for each in places(child, *way, key)]


def apply(resource: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    return json_patch.apply(json_patch.parse(operations), resource)


@given(kept, kept)
def test_a_difference_leads_from_one_to_the_other(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert equal(apply(one, *difference(one, other)), other)
    assert equal(apply(other, *difference(other, one)), one)


@given(resources, values, st.data())
def test_what_is_added_can_be_removed(
    resource: dict[str, Any], value: object, data: st.DataObject
) -> None:
    lists = [()] + [way for way in places(resource) if type(_at(resource, way)) in {dict, list}]
    way = data.draw(st.sampled_from(lists))
    holder = _at(resource, way)
    step = data.draw(st.integers(0, len(holder))) if type(holder) is list else "new"
    path = pointer(*way, step)
    added = apply(resource, {"op": "add", "path": path, "value": value})
    assert equal(_at(added, (*way, step)), value)
    both: list[dict[str, Any]] = [
        {"op": "add", "path": path, "value": value},
        {"op": "remove", "path": path},
    ]
    if holder:
        assert text(apply(resource, *both)) == text(resource)


@given(resources, st.data())
def test_every_value_passes_its_own_test_and_can_be_copied_and_replaced_by_itself(
    resource: dict[str, Any], data: st.DataObject
) -> None:
    way = data.draw(st.sampled_from(places(resource)))
    path, value = pointer(*way), _at(resource, way)
    same = [{"op": "test", "path": path, "value": value}]
    same += [{"op": "replace", "path": path, "value": value}]
    same += [{"op": "move", "from": path, "path": path}]
    assert text(apply(resource, *same)) == text(resource)
    copied = apply(resource, {"op": "copy", "from": path, "path": "/copied"})
    assert text(copied) == text(resource | {"copied": value})


@given(resources, st.lists(st.dictionaries(st.sampled_from(["op", "path", "from", "value"]),
                                           st.sampled_from(["add", "remove", "copy", "move", "test",
                                                            "/a", "/b/0", "/c/-", "", "/a/b"]),
                                           max_size=4), max_size=6))  # fmt: skip
def test_any_patch_is_applied_or_refused_and_leaves_what_it_patches_alone(
    resource: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    before = text(resource)
    with suppress(Malformed, RuleViolation, TooLarge):
        after = apply(resource, *operations)
        assert text(read(write(after))) == text(after)
    assert text(resource) == before


PEOPLE = st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=5)


def _person(given_names: list[str], twins: list[bool]) -> dict[str, Any]:
    found = [{"id": f"i{i}"} if has else None for i, has in enumerate(twins)]
    name: dict[str, Any] = {"given": given_names}
    if any(found):
        name["_given"] = found + [None] * (len(given_names) - len(found))
    return {"resourceType": "Patient", "name": [name]}


people = PEOPLE.flatmap(
    lambda given_names: st.lists(st.booleans(), max_size=len(given_names)).map(
        lambda twins: _person(given_names, twins)
    )
)


def patched(resource: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    return fhirpath_patch.apply(fhirpath_operations.parse(parameters(*operations)), resource)


@given(people, st.data())
def test_what_is_inserted_by_path_can_be_deleted(
    person: dict[str, Any], data: st.DataObject
) -> None:
    size = len(person["name"][0]["given"])
    index = data.draw(st.integers(0, size))
    insert = operation("insert", "Patient.name.given", index=index, value={"valueString": "New"})
    inserted = patched(person, insert)
    given_names = person["name"][0]["given"]
    assert inserted["name"][0]["given"] == [*given_names[:index], "New", *given_names[index:]]
    back = operation("delete", f"Patient.name.given[{index}]")
    assert text(patched(person, insert, back)) == text(person)


@given(people, st.data())
def test_what_is_moved_can_be_moved_back(person: dict[str, Any], data: st.DataObject) -> None:
    size = len(person["name"][0]["given"])
    one, other = data.draw(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)))
    there = operation("move", "Patient.name.given", source=one, destination=other)
    back = operation("move", "Patient.name.given", source=other, destination=one)
    assert text(patched(person, there, back)) == text(person)
    moved = patched(person, there)["name"][0]
    assert sorted(moved["given"]) == sorted(person["name"][0]["given"])
    assert moved["given"][other] == person["name"][0]["given"][one]


@given(people)
def test_adding_by_path_and_deleting_leaves_all_as_it_was(person: dict[str, Any]) -> None:
    before = text(person)
    for added, gone in (
        (operation("add", "Patient", name="birthDate", value={"valueDate": "2000"}), "birthDate"),
        (operation("add", "Patient.name[0]", name="family", value={"valueString": "F"}),
         "name.family"),
        (operation("add", "Patient.name[0].given[0]", name="extension", value={"part": [
            {"name": "url", "valueUri": "urn:x"}, {"name": "value", "valueCode": "y"}]}),
         "name.given[0].extension"),
        (operation("add", "Patient", name="contact", value={"part": [
            {"name": "gender", "valueCode": "male"}]}), "contact.gender"),
    ):  # fmt: skip
        assert text(patched(person, added)) != before
        assert text(patched(person, added, operation("delete", f"Patient.{gone}"))) == before
    assert text(person) == before


def test_the_same_change_by_both_kinds_of_patch_is_the_same() -> None:
    person = tree(
        '{"resourceType":"Patient","name":[{"given":["A","B"]}],"multipleBirthInteger":2}'
    )
    by_pointer = apply(
        person,
        {"op": "replace", "path": "/name/0/given/1", "value": "C"},
        {"op": "remove", "path": "/multipleBirthInteger"},
        {"op": "add", "path": "/name/0/family", "value": "F"},
    )
    by_path = patched(
        person,
        operation("replace", "Patient.name.given[1]", value={"valueString": "C"}),
        operation("delete", "Patient.multipleBirth"),
        operation("add", "Patient.name", name="family", value={"valueString": "F"}),
    )
    assert text(by_pointer) == text(by_path)


def _at(value: Any, way: tuple[object, ...]) -> Any:  # noqa: ANN401
    for step in way:
        value = value[step]
    return value
