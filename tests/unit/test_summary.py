"""What is cut from a resource stands unchanged, is still FHIR, and says that it was cut."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.fhir.definitions import type_definition
from shared.fhir.errors import InvalidSearch
from shared.fhir.reader import JsonObject, read
from shared.fhir.search.query import Result
from shared.fhir.summary import SUBSETTED, check_subset, subset
from shared.fhir.validation import validate
from shared.fhir.writer import write
from tests.conformance.refused import REFUSED

PACKAGE = Path(__file__).parents[2] / "var/examples/package"
SUMMARY, TEXT, DATA = Result("true"), Result("text"), Result("data")
CUTS = (SUMMARY, TEXT, DATA, Result(elements=("id",)), Result(elements=("text", "id")))
OBSERVATION = b"""{"resourceType":"Observation","id":"a","meta":{"versionId":"3"},
"text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"},
"contained":[{"resourceType":"Patient","id":"p"}],
"extension":[{"url":"http://a.example","valueDecimal":1.10}],
"modifierExtension":[{"url":"http://b.example","valueDecimal":2.20}],
"status":"final","code":{"extension":[{"url":"http://a.example","valueCode":"x"}],"text":"mood"},
"subject":{"extension":[{"url":"http://a.example","valueCode":"unknown"}]},
"_issued":{"extension":[{"url":"http://a.example","valueCode":"unknown"}]},
"valueQuantity":{"value":1.50},"note":[{"text":"slept"}],
"component":[{"id":"c","code":{"text":"x"},"valueQuantity":{"value":0.0000001},
"interpretation":[{"text":"low"}]}]}"""


def cut(result: Result, raw: bytes = OBSERVATION) -> JsonObject:
    return subset(read(raw), result)


@cache
def examples() -> tuple[JsonObject, ...]:
    """One in eight of the small examples that obey R4."""
    paths = sorted(PACKAGE.glob("*-*.json"))[::8]
    small = (path for path in paths if path.stat().st_size < 100_000 and path.stem not in REFUSED)
    return tuple(read(path.read_bytes()) for path in small)


def is_part(part: Any, whole: Any) -> bool:  # noqa: ANN401
    """Tell whether all of a tree stands at its place in another."""
    if isinstance(part, dict):
        return all(name in whole and is_part(part[name], whole[name]) for name in part)
    if isinstance(part, list):
        pairs = zip(part, whole, strict=True)
        return len(part) == len(whole) and all(is_part(one, other) for one, other in pairs)
    return part is whole


def untagged(resource: JsonObject) -> JsonObject:
    return {name: value for name, value in resource.items() if name != "meta"}


def test_a_summary_holds_the_elements_of_the_summary_all_the_way_down() -> None:
    left = cut(SUMMARY)

    assert left.keys() == {
        "resourceType", "id", "meta", "modifierExtension", "status", "code", "subject",
        "_issued", "valueQuantity", "component",
    }  # fmt: skip
    assert left["code"] == {"text": "mood"}
    assert left["component"][0].keys() == {"code", "valueQuantity"}


def test_every_digit_of_what_stays_is_kept() -> None:
    for digits in (b"2.20", b"1.50", b"0.0000001"):
        assert digits in write(cut(SUMMARY))


def test_what_says_all_by_an_extension_keeps_it() -> None:
    whole = read(OBSERVATION)

    for name in ("subject", "_issued", "modifierExtension"):
        assert write(cut(SUMMARY)[name]) == write(whole[name])


def test_text_is_the_narrative_with_what_is_mandatory_or_modifies() -> None:
    assert cut(TEXT).keys() == {
        "resourceType", "id", "meta", "text", "modifierExtension", "status", "code"
    }  # fmt: skip
    assert cut(TEXT)["code"].keys() == {"extension", "text"}


def test_data_is_all_but_the_narrative() -> None:
    assert read(OBSERVATION).keys() - cut(DATA).keys() == {"text"}


@pytest.mark.parametrize("name", ["value", "value[x]"])
def test_elements_are_those_named_and_what_must_stay(name: str) -> None:
    assert cut(Result(elements=(name, "contained"))).keys() == {
        "resourceType", "id", "meta", "contained", "modifierExtension", "status", "code",
        "valueQuantity",
    }  # fmt: skip


def test_what_is_cut_says_so_once_and_keeps_its_labels() -> None:
    label = {"system": "http://labels.example", "code": "kept"}
    tagged = read(OBSERVATION) | {"meta": {"versionId": "3", "tag": [label, SUBSETTED]}}

    assert cut(SUMMARY)["meta"] == {"versionId": "3", "tag": [SUBSETTED]}
    assert subset(tagged, SUMMARY)["meta"]["tag"] == [label, SUBSETTED]
    assert [*cut(DATA)][:3] == ["resourceType", "id", "meta"]


@pytest.mark.parametrize("result", [*CUTS, Result(), Result("false"), Result("count")])
def test_what_loses_nothing_is_given_as_it_is(result: Result) -> None:
    whole = read(b'{"resourceType":"Patient","id":"a","active":true}')

    assert subset(whole, result) is whole


def test_a_resource_inside_another_is_not_cut() -> None:
    inside = b'{"resourceType":"Patient","contact":[{"name":{"text":"x"}}]}'
    raw = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":%s}]}' % inside

    assert cut(SUMMARY, raw) == read(raw)
    assert cut(SUMMARY, inside).keys() == {"resourceType", "meta"}


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (Result(elements=("nothing",)), "Patient has no element 'nothing'; valid are id, meta,"),
        (Result(elements=("name.family",)), "no element 'name.family'"),
        (Result(elements=("resourceType",)), "no element 'resourceType'"),
        (Result("true", ("name",)), "may not be given together"),
        (Result("count", ("name",)), "may not be given together"),
    ],
)
def test_what_cannot_be_cut_so_is_refused(result: Result, problem: str) -> None:
    with pytest.raises(InvalidSearch) as refused:
        check_subset(("Patient",), result)
    assert problem in refused.value.issues[0].diagnostics


def test_what_can_be_cut_so_is_taken() -> None:
    for result in (*CUTS, Result("false", ("name",)), Result("count")):
        check_subset(("Patient",), result)
    check_subset(("Patient", "Observation"), Result(elements=("name", "value[x]")))
    with pytest.raises(InvalidSearch):
        check_subset(("Patient", "Observation"), Result(elements=("nothing",)))


@pytest.mark.skipif(not PACKAGE.exists(), reason="var/examples/package is absent: make examples")
@pytest.mark.parametrize("result", CUTS, ids=str)
def test_what_is_left_of_an_example_is_a_part_of_it_and_fhir(result: Result) -> None:
    assert len(examples()) > 400
    for example in examples():
        left = subset(example, result)
        assert is_part(untagged(left), untagged(example))
        assert subset(left, result) is left
        assert (left is example) == (SUBSETTED not in left.get("meta", {}).get("tag", ()))
        # R4's rules ask for elements that are not of the summary, such as a definition's snapshot.
        assert [issue for issue in validate(left) if issue.code != "invariant"] == []
        for name, element in type_definition(example["resourceType"]).elements.items():
            if element.min or element.modifier or name in result.elements:
                keys = [key.json for key in element.keys]
                assert all((key in left) == (key in example) for key in keys)
