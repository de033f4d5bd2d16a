"""Composite parameters find resources that have all parts in one element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UCUM = "http://unitsofmeasure.org"
A, B = {"coding": [{"system": "http://a", "code": "a"}]}, {"coding": [{"code": "b"}]}


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


def observation(name: str, **members: object) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": name, "status": "final", **members}


def mass(value: int) -> dict[str, Any]:
    return {"value": value, "system": UCUM, "code": "mg"}


@pytest.fixture(scope="module")
async def observations(connection: asyncpg.Connection) -> Record:
    record = Record(connection)
    await record.write(
        [
            observation("a5", code=A, valueQuantity=mass(5)),
            observation("b5", code=B, valueQuantity=mass(5)),
            observation(
                "parts",
                code=B,
                component=[
                    {"code": A, "valueQuantity": mass(7)},
                    {"code": B, "valueQuantity": mass(5)},
                    {"code": A, "valueCodeableConcept": B},
                ],
            ),
            observation("ab", code=A, valueCodeableConcept=B),
            observation("text", code=A, valueString="Hello $ you"),
            observation("date", code=A, valueDateTime="2026-03-01"),
        ]
    )
    return record


@pytest.mark.parametrize(
    ("code", "text", "found"),
    [
        ("code-value-quantity", "a$5", {"a5"}),
        ("code-value-quantity", "http://a|a$gt4", {"a5"}),
        ("code-value-quantity", "a$gt5", set()),
        ("code-value-quantity", "a$5,b$5", {"a5", "b5"}),
        ("code-value-quantity", f"a$0.005|{UCUM}|g", {"a5"}),
        ("component-code-value-quantity", "a$5", set()),
        ("component-code-value-quantity", "a$7", {"parts"}),
        ("component-code-value-quantity", "http://a|a$7", {"parts"}),
        ("component-code-value-quantity", "http://a|$7", {"parts"}),
        ("component-code-value-quantity", "|a$7", set()),
        ("component-code-value-quantity", "|b$lt6", {"parts"}),
        ("component-code-value-quantity", f"a$0.007|{UCUM}|g", {"parts"}),
        ("combo-code-value-quantity", "a$5", {"a5"}),
        ("combo-code-value-quantity", "b$5", {"b5", "parts"}),
        ("combo-code-value-quantity", "a$5,a$7", {"a5", "parts"}),
        ("code-value-concept", "a$b", {"ab"}),
        ("component-code-value-concept", "a$b", {"parts"}),
        ("component-code-value-concept", "b$a", set()),
        ("component-code-value-concept", "http://a|$|b", {"parts"}),
        ("combo-code-value-concept", "a$b", {"ab", "parts"}),
        ("code-value-string", r"a$hello \$ you", {"text"}),
        ("code-value-string", "b$hello", set()),
        ("code-value-date", "a$gt2026-02", {"date"}),
        ("code-value-date", "a$lt2026-02", set()),
        ("combo-code", "a", {"a5", "parts", "ab", "text", "date"}),
        ("combo-code:not", "a", {"b5"}),
        ("combo-value-concept", "b", {"ab", "parts"}),
        ("code-value-quantity:missing", "false", {"a5", "b5"}),
        ("code-value-quantity:missing", "true", {"parts", "ab", "text", "date"}),
        ("component-code-value-quantity:missing", "false", {"parts"}),
        ("combo-code-value-quantity:missing", "false", {"a5", "b5", "parts"}),
        ("combo-code-value-quantity:missing", "true", {"ab", "text", "date"}),
        ("combo-code:missing", "true", set()),
    ],
)
@pytest.mark.parametrize("budget", [1, 1000])
async def test_observations_are_found(
    observations: Record,
    monkeypatch: pytest.MonkeyPatch,
    budget: int,
    code: str,
    text: str,
    found: set[str],
) -> None:
    # With a small budget the walk of the order is given up, so that both ways are taken.
    monkeypatch.setattr("shared.store.search.page._BUDGET", budget)
    query = observations.query("Observation", (code, text))
    assert set(await observations.walk(query)) == found
    assert await observations.count(query) == len(found)


async def test_a_use_context_is_found_by_its_type_and_value(connection: asyncpg.Connection) -> None:
    record = Record(connection)
    contexts = [
        {"code": {"system": "http://c", "code": "age"}, "valueRange": {"low": {"value": 18}}},
        {"code": {"system": "http://c", "code": "focus"}, "valueCodeableConcept": B},
    ]
    await record.write([{"resourceType": "Library", "id": "l", "useContext": contexts}])

    async def found(code: str, text: str) -> bool:
        return bool(await record.find("Library", (code, text)))

    assert await found("context-type-quantity", "age$gt20")
    assert not await found("context-type-quantity", "focus$gt20")
    assert not await found("context-type-quantity", "age$lt18")
    assert await found("context-type-value", "http://c|focus$b")
    assert not await found("context-type-value", "age$b")


async def test_a_relation_is_found_by_its_code_and_target(connection: asyncpg.Connection) -> None:
    record = Record(connection)
    relations = [
        {"code": "replaces", "target": {"reference": "DocumentReference/1"}},
        {"code": "appends", "target": {"reference": "DocumentReference/2"}},
    ]
    await record.write([{"resourceType": "DocumentReference", "id": "d", "relatesTo": relations}])
    search = ("DocumentReference", "relationship")
    for text in ("replaces$DocumentReference/1", "appends$2"):
        assert await record.find(search[0], (search[1], text)) == ["d"]
    assert await record.find(search[0], (search[1], "replaces$DocumentReference/2")) == []


async def test_a_characteristic_is_found_by_its_code_and_value(
    connection: asyncpg.Connection,
) -> None:
    record = Record(connection)
    marks = [{"code": A, "valueBoolean": True}, {"code": B, "valueCodeableConcept": A}]
    await record.write([{"resourceType": "Group", "id": "g", "characteristic": marks}])
    for text, count in (("a$true", 1), ("a$false", 0), ("b$http://a|a", 1), ("a$a", 0)):
        assert len(await record.find("Group", ("characteristic-value", text))) == count


@pytest.mark.parametrize("budget", [1, 1000])
async def test_coordinates_are_those_of_one_variant(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    monkeypatch.setattr("shared.store.search.page._BUDGET", budget)
    record = Record(connection)
    await record.write(
        [
            {
                "resourceType": "MolecularSequence",
                "id": "m",
                "referenceSeq": {
                    "chromosome": A,
                    "referenceSeqId": B,
                    "windowStart": 1,
                    "windowEnd": 9,
                },
                "variant": [{"start": 2, "end": 3}, {"start": 5, "end": 8}, {"start": 7}],
            }
        ]
    )

    async def found(code: str, text: str) -> bool:
        return bool(await record.find("MolecularSequence", (code, text)))

    assert await found("chromosome-window-coordinate:missing", "false")
    assert await found("chromosome-variant-coordinate", "a$2$3")
    assert await found("chromosome-variant-coordinate", "http://a|a$ge4$le8")
    assert not await found("chromosome-variant-coordinate", "a$2$8")
    assert not await found("chromosome-variant-coordinate", "b$2$3")
    assert await found("referenceseqid-variant-coordinate", "b$5$8")
    assert await found("chromosome-window-coordinate", "a$lt2$9")
    assert not await found("referenceseqid-window-coordinate", "b$2$9")
    assert await found("variant-start", "7")
    assert not await found("variant-start", "7.5")
    assert await found("variant-start", "ap5")
    assert not await found("variant-start", "ap6")


async def test_a_composite_is_not_missing_where_its_parts_are_without_codes(
    connection: asyncpg.Connection,
) -> None:
    record = Record(connection)
    named, coded = {"text": "Called"}, {"code": A, "valueCodeableConcept": B}
    await record.write(
        [
            observation("named", component=[{"code": named, "valueCodeableConcept": B}]),
            observation("unit", component=[{"code": A, "valueQuantity": {"unit": "mg"}}]),
            observation("coded", component=[coded]),
            observation("apart", component=[{"code": A}]),
        ]
    )

    async def missing(code: str) -> list[str]:
        return await record.find("Observation", (f"{code}:missing", "true"))

    assert await missing("component-code-value-concept") == ["unit", "apart"]
    assert await missing("component-code-value-quantity") == ["named", "coded", "apart"]


async def test_a_composite_is_missing_where_the_part_beside_its_element_is(
    connection: asyncpg.Connection,
) -> None:
    record = Record(connection)
    whole = {"chromosome": A, "windowStart": 1, "windowEnd": 9}
    sequences: list[dict[str, Any]] = [
        {"referenceSeq": whole},
        {"referenceSeq": {"referenceSeqId": A}},
        {},
    ]
    await record.write(
        [
            {
                "resourceType": "MolecularSequence",
                "id": f"m{place}",
                "variant": [{"start": 2, "end": 3}],
                **each,
            }
            for place, each in enumerate(sequences)
        ]
    )

    async def having(missing: str) -> list[str]:
        asked = ("chromosome-variant-coordinate:missing", missing)
        return await record.find("MolecularSequence", asked)

    assert await having("false") == ["m0"]
    assert await having("true") == ["m1", "m2"]
