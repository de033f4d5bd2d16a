"""What is read and written again is the same text, and a reference is rewritten and back."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.reader import read
from shared.fhir.references import Link, Links, parse_reference
from shared.fhir.writer import canonical, splice, write

BASES = ("https://care.example/fhir",)

# Numbers as a client may write them: every digit and exponent counts.
integers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})", fullmatch=True)
decimals = st.from_regex(r"-?(0|[1-9][0-9]{0,20})\.[0-9]{1,20}", fullmatch=True)
exponents = st.from_regex(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,5})?[eE][+-]?[0-9]{1,2}", fullmatch=True)
names = st.text(max_size=6)
texts = names.map(lambda each: json.dumps(each, ensure_ascii=False))


def _list(inner: list[str]) -> str:
    return f"[{','.join(inner)}]"


def _object(inner: dict[str, str]) -> str:
    return f"{{{','.join(f'{_quoted(name)}:{each}' for name, each in inner.items())}}}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


values = st.recursive(
    integers | decimals | exponents | texts | st.sampled_from(("true", "false", "null")),
    lambda inner: (
        st.lists(inner, max_size=4).map(_list)
        | st.dictionaries(names, inner, max_size=4).map(_object)
    ),
    max_leaves=12,
)
bodies = st.dictionaries(names, values, max_size=5).map(_object)


@given(bodies)
def test_what_is_read_is_written_as_it_was(body: str) -> None:
    tree = read(body.encode())
    assert json.loads(write(tree), parse_float=str, parse_int=str) == json.loads(
        body, parse_float=str, parse_int=str
    )
    assert write(read(write(tree))) == write(tree)
    assert canonical(read(canonical(tree))) == canonical(tree)


@given(st.dictionaries(names.filter(lambda name: name not in {"id", "meta"}), values, max_size=5))
def test_what_the_server_adds_leaves_every_other_byte(members: dict[str, str]) -> None:
    members = {"resourceType": '"Basic"'} | members
    members["resourceType"] = '"Basic"'
    found = splice(_object(members).encode(), "a", {"versionId": "1"}).decode()
    assert found == _object(
        {"resourceType": '"Basic"', "id": '"a"', "meta": '{"versionId":"1"}'} | members
    )


types = st.sampled_from(("Patient", "Observation", "CarePlan", "Binary"))
ids = st.from_regex(r"[A-Za-z0-9\-][A-Za-z0-9\-.]{0,20}", fullmatch=True)
versions = st.none() | st.integers(1, 10**9).map(str)
bases = st.sampled_from(("", *(f"{base}/" for base in BASES)))


@given(bases, types, ids, versions)
def test_a_reference_that_is_composed_is_understood_as_its_parts(
    base: str, kind: str, logical_id: str, version: str | None
) -> None:
    text = f"{base}{kind}/{logical_id}" + (f"/_history/{version}" if version else "")
    assert parse_reference(text, BASES) == Link("local", text, kind, logical_id, version)
    elsewhere = f"https://other.example/r4/{kind}/{logical_id}"
    found = parse_reference(elsewhere, BASES)
    assert (found.kind, found.type, found.id) == ("external", kind, logical_id)


links = st.uuids().map("urn:uuid:{}".format)


@given(st.lists(links, min_size=1, max_size=4, unique=True), ids)
def test_links_are_rewritten_and_back_and_nothing_else_is_touched(
    urns: list[str], logical_id: str
) -> None:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "note": [{"text": urn, "authorReference": {"reference": urn}} for urn in urns],
        "subject": {"reference": "Patient/kept"},
    }
    there = {urn: f"Patient/{logical_id}{place}" for place, urn in enumerate(urns)}
    back = {target: urn for urn, target in there.items()}
    changed = deepcopy(resource)

    assert Links(changed).rewrite(there)
    found = [each["authorReference"]["reference"] for each in changed["note"]]
    assert found == list(there.values())
    assert [each["text"] for each in changed["note"]] == urns
    assert changed["subject"] == resource["subject"]

    assert Links(changed).rewrite(back)
    assert changed == resource
