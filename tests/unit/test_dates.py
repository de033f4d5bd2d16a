"""Date texts as ranges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.dates import date_range, instant, local_day, moment, not_before
from shared.fhir.errors import Malformed

NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3_600_000_000


def at(text: str) -> int:
    return instant(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", "2026-01-01T00:00Z", "2027-01-01T00:00Z"),
        ("2024", "2024-01-01T00:00Z", "2025-01-01T00:00Z"),
        ("2024-02", "2024-02-01T00:00Z", "2024-03-01T00:00Z"),
        ("2026-12", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("2024-02-29", "2024-02-29T00:00Z", "2024-03-01T00:00Z"),
        ("2026-03-01T09:30Z", "2026-03-01T09:30Z", "2026-03-01T09:31Z"),
        ("2026-03-01T09:30:05-05:00", "2026-03-01T14:30:05Z", "2026-03-01T14:30:06Z"),
        ("2026-03-01T09:30:05.12Z", "2026-03-01T09:30:05.12Z", "2026-03-01T09:30:05.13Z"),
        (
            "2026-03-01T09:30:05.1234567Z",
            "2026-03-01T09:30:05.123456Z",
            "2026-03-01T09:30:05.123457Z",
        ),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"),
        ("0001", "0001-01-01T00:00Z", "0002-01-01T00:00Z"),
    ],
)
def test_a_text_is_the_range_of_its_own_precision(text: str, low: str, high: str) -> None:
    assert date_range(text) == (at(low), at(high))


def test_the_year_9999_ends_after_its_last_microsecond() -> None:
    low, high = date_range("9999")
    assert high == instant(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) + 1
    assert date_range("9999-12-31")[1] == date_range("9999-12")[1] == high > low
    assert date_range("9999-12-31", NEW_YORK)[1] == high + 5 * HOUR


def test_a_text_without_zone_is_taken_in_the_zone_given() -> None:
    assert date_range("2026-01-05", NEW_YORK)[0] == at("2026-01-05T00:00-05:00")
    assert date_range("2026-01-05T10:00:00", NEW_YORK)[0] == at("2026-01-05T10:00-05:00")
    assert date_range("2026-01-05T10:00:00Z", NEW_YORK)[0] == at("2026-01-05T10:00Z")
    assert date_range("0001-01-01", NEW_YORK)[0] > date_range("0001-01-01")[0]


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    low, high = date_range("2026-03-08", NEW_YORK)
    assert high - low == 23 * HOUR
    low, high = date_range("2026-11-01", NEW_YORK)
    assert high - low == 25 * HOUR


@pytest.mark.parametrize(
    "text",
    [
        "", "26", "2026-1", "2026-13", "2026-00", "2026-02-30", "2025-02-29", "0000", "2026-03-01T",
        "2026-03-01T09", "2026-03-01T24:00:00Z", "2026-03-01T09:60Z", "2026-03-01T09:00:61Z",
        "2026-03-01T09:00:00+14:01", "2026-03-01T09:00:00.Z", "2026-03-01\n", " 2026", "٢٠٢٦",
        "2026-03-01T09:00:00 05:00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        date_range(text)


def test_a_refusal_does_not_quote_the_text() -> None:
    with pytest.raises(Malformed) as refused:
        date_range("Margaret")
    assert "Margaret" not in str(refused.value)


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_a_full_timestamp_is_one_microsecond_wide_wherever_it_is(
    wall: datetime, minutes: int
) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{wall:%H:%M:%S}.{wall.microsecond:06}{sign}{hours:02}:{rest:02}"
    low, high = date_range(f"{wall.date().isoformat()}T{text}")
    assert low == instant(wall.replace(tzinfo=UTC) - timedelta(minutes=minutes))
    assert high == low + 1


@given(st.dates(), st.sampled_from([UTC, NEW_YORK, ZoneInfo("Asia/Kathmandu")]))
def test_a_day_lies_in_its_month_and_its_month_in_its_year(day: date, zone: tzinfo) -> None:
    text = day.isoformat()
    for wide, narrow in ((text[:4], text[:7]), (text[:7], text)):
        assert date_range(wide, zone)[0] <= date_range(narrow, zone)[0]
        assert date_range(narrow, zone)[1] <= date_range(wide, zone)[1]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_from_its_microseconds(when: datetime) -> None:
    assert moment(instant(when)) == when


def test_what_lies_beyond_the_calendar_is_its_edge() -> None:
    assert moment(2**62) == datetime.max.replace(tzinfo=UTC)
    assert moment(-(2**62)) == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "first", "last"),
    [
        ("2026-03-01T23:59:00-05:00", UTC, "2026-03-01", "2026-03-01"),
        ("2026-03-01T23:59:00-05:00", ZoneInfo("UTC"), "2026-03-02", "2026-03-02"),
        ("2026-03-01T23:59:00-05:00", ZoneInfo("America/Denver"), "2026-03-01", "2026-03-01"),
        ("2026-03-02T00:01:00Z", UTC, "2026-03-02", "2026-03-02"),
        ("2026-03-02T00:01:00Z", ZoneInfo("America/New_York"), "2026-03-01", "2026-03-01"),
        ("2026-03", UTC, "2026-03-01", "2026-03-31"),
        ("2026-03-08", ZoneInfo("America/New_York"), "2026-03-08", "2026-03-08"),
    ],
)
def test_a_local_day_is_one_of_the_zone_or_as_written_where_there_is_none(
    text: str, zone: tzinfo, first: str, last: str
) -> None:
    assert local_day(text, zone).isoformat() == first
    assert local_day(text, zone, last=True).isoformat() == last


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2016-12-31T23:59:60Z", UTC, "2017-01-01"),
        ("2016-12-31T23:59:60Z", NEW_YORK, "2016-12-31"),
        ("2026-01-01T00:00:00.123456789+05:00", UTC, "2026-01-01"),
        ("9999-12-31T23:59:59-11:00", ZoneInfo("Asia/Tokyo"), "9999-12-31"),
        ("0001-01-01T00:00:00+14:00", NEW_YORK, "0001-01-01"),
    ],
)
def test_every_legal_time_has_a_local_day(text: str, zone: tzinfo, day: str) -> None:
    assert local_day(text, zone).isoformat() == local_day(text, zone, last=True).isoformat() == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T08:59:59Z", "2026-03-01T09:00:00Z"),
        ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
        ("2026-03-01T10:00:00+02:00", "2026-03-01T09:00:00Z"),
        ("2026-03-01T04:30:00-05:00", "2026-03-01T04:30:00-05:00"),
        ("2026-03-01", "2026-03-01T09:00:00Z"),
        ("2026-03-02", "2026-03-02"),
    ],
)
def test_what_follows_is_not_earlier_whatever_the_zone(text: str, expected: str) -> None:
    assert not_before(text, "2026-03-01T09:00:00Z") == expected
