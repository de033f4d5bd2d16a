"""Each primitive accepts what R4 allows and refuses what it does not, by form and by range."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jiter import from_json

from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.fhir.validation.finding import Run
from shared.fhir.validation.primitives import PRIMITIVES

UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
LONG = "x" * 1_048_576

VALID: dict[str, list[object]] = {
    "base64Binary": ["aGVsbG8=", "aGVs\n bG8=", "QQ=="],
    "boolean": [True, False],
    "canonical": ["http://example.org/a|1.0#x", "#local"],
    "code": ["a", "a b", "a\tb", "a\u00a0", "é"],
    "date": ["2026", "2026-03", "2026-03-01", "2024-02-29", "2000-02-29", "0001-01-01"],
    "dateTime": [
        "2026",
        "2026-12",
        "2026-03-01",
        "2026-03-01T09:00:00Z",
        "2026-03-01T23:59:60+14:00",
        "2026-03-01T09:00:00.1234567-05:00",
    ],
    "decimal": [0, -1, from_json(b"1.10", float_mode="lossless-float")],
    "id": ["a", "A-1.b", "x" * 64],
    "instant": ["2026-03-01T09:00:00Z", "2026-03-01T09:00:00.000+00:00"],
    "integer": [0, -(2**31), 2**31 - 1],
    "markdown": ["# a\n\nb", " "],
    "oid": ["urn:oid:1.2.3", "urn:oid:2.16.840.0"],
    "positiveInt": [1, 2**31 - 1],
    "string": ["a", " ", "tab\t cr\r lf\n", "\u00a0", "\u2028", "😀", LONG],
    "time": ["00:00:00", "23:59:60", "10:30:00.5"],
    "unsignedInt": [0, 2**31 - 1],
    "uri": ["a", "http://example.org/é", "urn:a:b"],
    "url": ["mailto:a@example.org"],
    "uuid": [UUID],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml">a</div>'],
}

INVALID: dict[str, list[object]] = {
    "base64Binary": ["", " ", "a", "aGVsbG8", "aGVsbG8=x", "aGV$bG8=", "aGVsbG8==", "é", 1],
    "boolean": ["true", 0, 1, None, []],
    "canonical": ["", "a b", "a\n"],
    "code": ["", " ", " a", "a ", "a  b", "a\n", "\ta", "a\x00", "a\x0bb", 1],
    "date": [
        "0000",
        "26",
        "2026-3",
        "2026-13",
        "2026-00",
        "2026-03-00",
        "2026-03-32",
        "2026-04-31",
        "2023-02-29",
        "1900-02-29",
        "2026-03-01T09:00:00Z",
        "2026-03-01\n",
        "2026-",
        "٢٠٢٦",
        2026,
    ],
    "dateTime": [
        "2026-03-01T09:00:00",
        "2026-03-01T09:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:00:61Z",
        "2026-03-01T09:60:00Z",
        "2026-03-01T09:00:00.Z",
        "2026-03-01T09:00:00+14:01",
        "2026-03-01T09:00:00+0500",
        "2026-03-01 09:00:00Z",
        "2026-02-29T09:00:00Z",
        "2026-03T09:00:00Z",
        "2026-03-01T09:00:00Z\n",
    ],
    "decimal": ["1.0", True, None, {}],
    "id": ["", "a_b", "a b", "x" * 65, "a\n", "é", 1],
    "instant": ["2026-03-01", "2026-03-01T09:00:00", "2026-02-30T09:00:00Z"],
    "integer": [2**31, -(2**31) - 1, True, "1", from_json(b"1.0", float_mode="lossless-float")],
    "markdown": ["", "a\x00", 1],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1.2\n"],
    "positiveInt": [0, -1, 2**31, "1"],
    "string": ["", "a\x00b", "\x1f", "\x0b", LONG + "x", 1, None, ["a"], {}],
    "time": ["24:00:00", "10:30", "10:30:00Z", "10:60:00", "10:30:00\n"],
    "unsignedInt": [-1, 2**31, True],
    "uri": ["", " ", "a b", "a\n", "a\x00"],
    "url": ["a b", ""],
    "uuid": [UUID.upper(), UUID.removeprefix("urn:uuid:"), f"{UUID}\n", f"{UUID}0"],
    "xhtml": ["", "text", 1, "<div>a</div>"],
}


def cases(table: dict[str, list[object]]) -> list[object]:
    return [
        pytest.param(name, value, id=f"{name}-{number}")
        for name, values in table.items()
        for number, value in enumerate(values)
    ]


def test_every_primitive_of_r4_has_cases() -> None:
    assert set(VALID) == set(INVALID) == set(PRIMITIVES)


@pytest.mark.parametrize(("name", "value"), cases(VALID))
def test_what_r4_allows_is_accepted_and_still_is_the_second_time(name: str, value: object) -> None:
    check = PRIMITIVES[name]

    assert check(value, Run(1)) is None
    assert check(value, Run(1)) is None


@pytest.mark.parametrize(("name", "value"), cases(INVALID))
def test_what_r4_does_not_allow_is_refused(name: str, value: object) -> None:
    (finding,) = PRIMITIVES[name](value, Run(1)) or []

    assert finding.code in {"structure", "value", "too-long"}


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_refusal_does_not_quote_the_value(name: str) -> None:
    (finding,) = PRIMITIVES[name](" Rivera  Ana\x00", Run(1)) or []

    assert "Rivera" not in finding.diagnostics


def test_a_wrong_json_type_is_told_apart_from_a_wrong_value() -> None:
    def code(name: str, value: object) -> str:
        (finding,) = PRIMITIVES[name](value, Run(1)) or []
        return finding.code

    assert code("date", 2026) == code("integer", "1") == code("string", None) == "structure"
    assert code("string", LONG + "x") == code("uri", LONG + "x") == "too-long"
    assert code("date", "x") == code("integer", 2**31) == code("string", "") == "value"


def test_a_decimal_written_as_1_0_is_no_integer_whatever_the_reader_makes_of_it() -> None:
    body = b'{"resourceType":"Patient","multipleBirthInteger":%b}'

    assert validate(read(body % b"1")) == []
    assert [issue.code for issue in validate(read(body % b"1.0"))] == ["value"]


@given(st.dates())
def test_every_day_of_the_calendar_is_a_date(day: object) -> None:
    assert PRIMITIVES["date"](str(day), Run(1)) is None


@given(st.binary(min_size=1))
def test_what_was_encoded_as_base64_is_accepted(data: bytes) -> None:
    assert PRIMITIVES["base64Binary"](base64.b64encode(data).decode(), Run(1)) is None
