"""What leads through canonical addresses is bounded by the page: its plans are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import asyncpg
import pytest

from shared.fhir.writer import write
from shared.store.search import Shown, included_statement, page_statement
from shared.store.version import Key
from tests.store.plan_reads import reads
from tests.store.search_record import Record
from tests.store.skewed_record import write_in_bulk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FORMS: Final = 400
ANSWERS: Final = 10_000
# Twice what a step of a search looks at before it takes the next one.
BOUNDED: Final = 2 * 2001
MODES: Final = pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])


def world() -> Iterator[dict[str, Any]]:
    """Make forms in two versions each; a half of the answers is to the first, some to any."""
    for number in range(FORMS):
        yield {
            "resourceType": "Questionnaire",
            "id": f"q{number}",
            "url": f"https://forms.example/{number // 2}",
            "version": str(1 + number % 2),
            "status": "active",
            "title": f"Form {number // 2}",
        }
    for number in range(ANSWERS):
        form = 0 if number % 2 else number % (FORMS // 2)
        yield {
            "resourceType": "QuestionnaireResponse",
            "id": f"a{number}",
            "status": "completed" if number % 100 else "amended",
            "questionnaire": f"https://forms.example/{form}{('', '|1', '|2')[number % 3]}",
            "authored": f"2025-{1 + number % 12:02}-01",
        }


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture(scope="module")
async def record(connection: asyncpg.Connection) -> Record:
    record = Record(connection)
    resources = list(world())
    await write_in_bulk(record, resources)
    await connection.execute(
        "UPDATE record.version v SET body = n.body FROM unnest($2::bigint[], $3::text[]) "
        "AS n(pk, body) WHERE v.tenant = $1 AND v.pk = n.pk",
        record.tenant,
        [record.pks[f"{each['resourceType']}/{each['id']}"] for each in resources],
        [write(each).decode() for each in resources],
    )
    await connection.execute("VACUUM ANALYZE record.version")
    return record


@pytest.mark.parametrize(
    ("include", "name", "letter"),
    [
        ("_include", "QuestionnaireResponse", "a"),
        ("_revinclude", "Questionnaire", "q"),
    ],
)
@MODES
async def test_what_is_included_is_bounded(
    record: Record, include: str, name: str, letter: str, mode: str
) -> None:
    query = record.query(name, (include, "QuestionnaireResponse:questionnaire"))
    keys = [Key(name, f"{letter}{number}") for number in range(100, 120)]
    beside = [Shown(key, record.pks[str(key)]) for key in keys]
    known = [each.pk for each in beside]
    statement = included_statement(query.includes, beside, known, access=record.access, limit=1000)
    assert statement is not None
    found = await reads(record.connection, statement, mode)
    assert not found.walked, found
    assert found.rows <= BOUNDED, found


@pytest.mark.parametrize(
    "asked",
    [
        "QuestionnaireResponse?questionnaire.title=form%20150",
        "QuestionnaireResponse?questionnaire.title=form%20150&_sort=-authored",
        "QuestionnaireResponse?questionnaire.status=active&_sort=-authored",
        "QuestionnaireResponse?questionnaire.status=active&status=completed",
        "QuestionnaireResponse?questionnaire.title=form%200&status=amended",
        "Questionnaire?_has:QuestionnaireResponse:questionnaire:status=amended",
        "Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed",
        "Questionnaire?title=form%20150&_has:QuestionnaireResponse:questionnaire:status=completed",
    ],
)
@MODES
async def test_a_page_is_bounded(record: Record, asked: str, mode: str) -> None:
    name, _, pairs = asked.partition("?")
    query = record.query(name, *parse_qsl(pairs), ("_count", "20"))
    found = await reads(record.connection, page_statement(query, record.access, None), mode)
    assert not found.walked, found
    assert found.rows <= BOUNDED, found
