"""Numbers and quantities are found by prefix, by unit, and in whatever unit they were stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UCUM = "http://unitsofmeasure.org"


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


def mass(value: float, code: str = "g", **members: object) -> dict[str, Any]:
    return {"value": value, "unit": f"{code}s", "system": UCUM, "code": code, **members}


def observation(name: str, **members: object) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": name, "status": "final", "code": {}, **members}


@pytest.fixture(scope="module")
async def weights(connection: asyncpg.Connection) -> Record:
    record = Record(connection)
    await record.write(
        [
            observation("g", valueQuantity=mass(5)),
            observation("mg", valueQuantity=mass(5400, "mg")),
            observation("metre", valueQuantity=mass(5, "m")),
            observation("own", valueQuantity={"value": 5, "unit": "g"}),
            observation("below", valueQuantity=mass(2, comparator="<")),
            observation("above", valueQuantity=mass(9, comparator=">=")),
            observation(
                "samples",
                valueSampledData={
                    "origin": {"value": 20, "system": UCUM, "code": "g"},
                    "period": 1,
                    "dimensions": 1,
                    "factor": 2,
                    "data": "E 1 5 x 3",
                },
            ),
            observation("none", valueString="5"),
        ]
    )
    return record


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5", {"g", "metre", "own"}),
        ("5400", {"mg"}),
        (f"5|{UCUM}|g", {"g", "mg"}),
        (f"5.4|{UCUM}|g", {"mg"}),
        (f"5000|{UCUM}|mg", {"g"}),
        (f"0.0054|{UCUM}|kg", {"mg"}),
        ("5||g", {"g", "own"}),
        ("5||gs", {"g"}),
        ("5||", {"g", "metre", "own"}),
        ("5|http://other.example|g", set()),
        (f"gt5|{UCUM}|g", {"mg", "above", "samples"}),
        (f"ge5|{UCUM}|g", {"g", "mg", "above", "samples"}),
        (f"lt5|{UCUM}|g", {"below"}),
        (f"le5|{UCUM}|g", {"g", "below"}),
        (f"sa5|{UCUM}|g", {"mg", "above", "samples"}),
        (f"eb5|{UCUM}|g", {"below"}),
        (f"ne5|{UCUM}|g", {"below", "above", "samples"}),
        (f"ap5|{UCUM}|g", {"g", "mg"}),
        (f"26|{UCUM}|g", set()),
        (f"3e1|{UCUM}|g", set()),
        (f"5|{UCUM}|g,5|{UCUM}|m", {"g", "mg", "metre"}),
        (f"sa25|{UCUM}|g", set()),
        (f"sa20|{UCUM}|g", {"samples"}),
        (f"gt29|{UCUM}|g", {"above", "samples"}),
        (f"gt30|{UCUM}|g", {"above"}),
    ],
)
async def test_quantities_are_found(weights: Record, text: str, found: set[str]) -> None:
    assert set(await weights.find("Observation", ("value-quantity", text))) == found
    together = weights.query("Observation", ("combo-value-quantity", text))
    assert set(await weights.ids(together)) == found
    assert await weights.count(together) == len(found)


async def test_what_has_no_quantity_is_missing_it(weights: Record) -> None:
    for code in ("value-quantity", "combo-value-quantity"):
        assert await weights.find("Observation", (f"{code}:missing", "true")) == ["none"]
        assert len(await weights.find("Observation", (f"{code}:missing", "false"))) == 7


async def test_a_range_is_found_by_what_it_holds(connection: asyncpg.Connection) -> None:
    record = Record(connection)

    def risk(name: str, **members: object) -> dict[str, Any]:
        return {"resourceType": "RiskAssessment", "id": name, "prediction": [members]}

    await record.write(
        [
            risk("half", probabilityDecimal=50),
            risk("wide", probabilityRange={"low": {"value": 40}, "high": {"value": 60}}),
            risk("open", probabilityRange={"low": {"value": 70}}),
            risk("turned", probabilityRange={"low": {"value": 30}, "high": {"value": 20}}),
            risk("empty", probabilityRange={"low": {"unit": "x"}}),
        ]
    )

    async def found(text: str) -> set[str]:
        return set(await record.find("RiskAssessment", ("probability", text)))

    assert await found("50") == {"half"}
    assert await found("5e1") == {"half"}
    assert await found("gt50") == {"wide", "open"}
    assert await found("lt50") == {"wide", "turned"}
    assert await found("sa35") == {"half", "wide", "open"}
    assert await found("eb40") == {"turned"}
    assert await found("ap50") == {"half", "wide"}
    assert await found("25") == set()
    assert await found("ap25") == {"turned"}


@pytest.mark.parametrize("digits", ["1e308", "1e-308", "-1E308", "9" * 40, "0." + "1" * 39])
async def test_a_number_of_any_size_is_found_by_its_own_digits(
    connection: asyncpg.Connection, digits: str
) -> None:
    record = Record(connection)
    for place, code in enumerate(("mg", "/min", "Cel")):
        await record.write([observation(f"n{place}", valueQuantity=mass(digits, code))])  # type: ignore[arg-type]
        text = f"{digits}|{UCUM}|{code}"
        assert await record.find("Observation", ("value-quantity", f"ge{text}")) == [f"n{place}"]
        assert await record.find("Observation", ("value-quantity", text)) == [f"n{place}"]
        assert await record.find("Observation", ("value-quantity", f"gt{text}")) == []


async def test_money_is_found_by_its_currency(connection: asyncpg.Connection) -> None:
    record = Record(connection)
    price = {"value": 12.5, "currency": "EUR"}
    await record.write([{"resourceType": "Invoice", "id": "i", "totalNet": price}])
    for text in ("12.5", "12.5||EUR", "12.5|urn:iso:std:iso:4217|EUR"):
        assert await record.find("Invoice", ("totalnet", text)) == ["i"]
    assert await record.find("Invoice", ("totalnet", "12.5||USD")) == []
