"""Generates bodies that are nearly FHIR: valid resources with some nodes replaced at random."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from shared.fhir.definitions import RESOURCE_TYPES

Json = Any
_WORDS = (
    "Patient", "Observation", "Bundle", "batch", "transaction", "POST", "PUT", "GET", "DELETE",
    "Patient/a", "Patient/a/_history/1", "Patient?identifier=x", "#c", "urn:uuid:x", "2020-02-30",
    "2020", "1.10", "final", "SUBSETTED", "<div>", "", " ", "\x00", "😀", "a" * 70, "-", "..",
)  # fmt: skip
_NAMES = (
    "resourceType", "id", "meta", "versionId", "tag", "security", "profile", "text", "div",
    "status", "contained", "extension", "url", "valueDecimal", "valueString", "identifier",
    "system", "value", "name", "family", "given", "_given", "_id", "subject", "reference", "code",
    "coding", "type", "entry", "fullUrl", "resource", "request", "method", "ifMatch",
    "ifNoneExist", "effectiveDateTime", "valueQuantity", "component", "x",
)  # fmt: skip

texts = st.sampled_from(_WORDS) | st.sampled_from(RESOURCE_TYPES) | st.text(max_size=20)
names = st.sampled_from(_NAMES) | st.text(max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=15,
)

SEEDS: tuple[Json, ...] = (
    {
        "resourceType": "Patient",
        "id": "a",
        "meta": {"tag": [{"system": "urn:t", "code": "x"}], "profile": ["urn:p"]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'},
        "identifier": [{"system": "urn:s", "value": "v", "period": {"start": "2020"}}],
        "name": [{"family": "F", "given": ["G"], "_given": [{"id": "g"}]}],
        "birthDate": "2000-02-29",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "N"}],
        "managingOrganization": {"reference": "#o"},
    },
    {
        "resourceType": "Observation",
        "id": "a",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44249-1"}]},
        "effectivePeriod": {"start": "2020-01-01T10:00:00Z"},
        "valueQuantity": {"value": 1.10, "unit": "mg", "comparator": "<"},
        "component": [{"code": {"text": "c"}, "valueInteger": 5}],
    },
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:a",
                "resource": {"resourceType": "Patient", "id": "a"},
                "request": {"method": "PUT", "url": "Patient/a", "ifMatch": 'W/"1"'},
            },
            {
                "resource": {
                    "resourceType": "Flag",
                    "status": "active",
                    "code": {"text": "f"},
                    "subject": {"reference": "urn:uuid:a"},
                },
                "request": {"method": "POST", "url": "Flag", "ifNoneExist": "identifier=x"},
            },
            {"request": {"method": "GET", "url": "Patient/a"}},
        ],
    },
    {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": "x"}}],
    },
)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, bytes]:
    """A type to post to, and a valid resource of it with one to three nodes changed."""
    seed = draw(st.sampled_from(SEEDS))
    tree: Json = copy.deepcopy(seed)
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(_nodes(tree)))
        _change(draw, holder, key)
    return seed["resourceType"], json.dumps(tree).encode()


def _nodes(tree: Json) -> list[tuple[Json, Any]]:
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree))
    found = [(tree, key) for key in keys]
    for key in keys:
        if isinstance(tree[key], (dict, list)):
            found += _nodes(tree[key])
    return found or [({"": None}, "")]


def _change(draw: st.DrawFn, holder: Json, key: Any) -> None:  # noqa: ANN401
    way = draw(st.sampled_from(("replace", "remove", "add")))
    if way == "remove":
        del holder[key]
    elif way == "add" and isinstance(holder, dict):
        holder[draw(names)] = draw(values)
    else:
        holder[key] = draw(values)
