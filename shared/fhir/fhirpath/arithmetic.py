"""Sums, products and texts put together; dates and quantities of time.

https://hl7.org/fhirpath/N1/index.html#math
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from shared.fhir.fhirpath.errors import InvalidExpression, TooCostlyExpression
from shared.fhir.fhirpath.quantity import MILLISECONDS, Quantity
from shared.fhir.fhirpath.temporal import Temporal

MOST_INTEGER: Final = 2_147_483_647
_LONGEST_TEXT: Final = 1_048_576
_NUMBERS: Final = (int, Decimal)
_MONTHS: Final = {"year": 12, "month": 1}
# How a date that knows no days takes days: as parts of a year or month of a usual length.
_DAYS_IN: Final = {1: 365, 2: 30}


def _refuse() -> NoReturn:
    raise InvalidExpression("The operator cannot be used with these types.")


def _numbers(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401
    for each in (left, right):
        if not isinstance(each, _NUMBERS) or isinstance(each, bool):
            _refuse()
    return left, right


def concatenate(left: Any, right: Any) -> str:  # noqa: ANN401
    """Put two texts together; nothing is an empty one."""
    one, two = left or "", right or ""
    if not isinstance(one, str) or not isinstance(two, str):
        _refuse()
    refuse_longer(len(one) + len(two))
    return one + two


def refuse_longer(length: int) -> None:
    """Refuse to make a text that is too long.

    :raises TooCostlyExpression: it would be.
    """
    if length > _LONGEST_TEXT:
        raise TooCostlyExpression("The expression makes too long a text.")


def add(left: Any, right: Any) -> object:  # noqa: ANN401
    """Add numbers, quantities of one unit, texts, or a quantity of time to a date."""
    if isinstance(left, str) and isinstance(right, str):
        return concatenate(left, right)
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return moved(left, right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        numbers = left.comparable(right)
        return None if numbers is None else _in_unit(left, right, sum(numbers, Decimal(0)))
    one, two = _numbers(left, right)
    return one + two


def subtract(left: Any, right: Any) -> object:  # noqa: ANN401
    """Take a number from a number, or a quantity from a quantity or a date."""
    if isinstance(right, Quantity):
        return add(left, Quantity(-right.value, right.unit))
    one, two = _numbers(left, right)
    return one - two


def _in_unit(left: Quantity, right: Quantity, total: Decimal) -> Quantity:
    if left.plain_unit == right.plain_unit:
        return Quantity(total, left.unit)
    return Quantity(total / MILLISECONDS[left.plain_unit], left.unit)


def multiply(left: Any, right: Any) -> object:  # noqa: ANN401
    """Multiply numbers, or a quantity by a number."""
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _scaled(left, right)
    one, two = _numbers(left, right)
    return one * two


def _scaled(left: Any, right: Any) -> Quantity:  # noqa: ANN401
    quantity, factor = (left, right) if isinstance(left, Quantity) else (right, left)
    if isinstance(factor, Quantity):
        # Units are not multiplied here; only a bare number leaves the other's as it is.
        if "1" not in (quantity.unit, factor.unit):
            _refuse()
        unit = factor.unit if quantity.unit == "1" else quantity.unit
        return Quantity(quantity.value * factor.value, unit)
    number, _ = _numbers(factor, factor)
    return Quantity(quantity.value * number, quantity.unit)


def divide(left: Any, right: Any) -> object:  # noqa: ANN401
    """Divide numbers or quantities; by zero there is no result."""
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        numbers = left.comparable(right)
        if numbers is None:
            _refuse()
        return Quantity(numbers[0] / numbers[1], "1")
    if isinstance(left, Quantity):
        number, _ = _numbers(right, right)
        return Quantity(left.value / number, left.unit)
    one, two = _numbers(left, right)
    return Decimal(one) / Decimal(two)


def whole_quotient(left: Any, right: Any) -> object:  # noqa: ANN401
    """Divide and cut off the fraction."""
    one, two = _numbers(left, right)
    return int(Decimal(one) // Decimal(two))


def remainder(left: Any, right: Any) -> object:  # noqa: ANN401
    """Give what a whole division leaves; it has the sign of the dividend."""
    one, two = _numbers(left, right)
    rest = Decimal(one) % Decimal(two)
    return int(rest) if isinstance(one, int) and isinstance(two, int) else rest


def moved(moment: Temporal, by: Quantity) -> Temporal | None:
    """Move a date or time by a quantity of time, in its own precision.

    :raises InvalidExpression: the quantity is none of time.
    """
    unit = by.plain_unit
    try:
        if moment.kind == "time":
            return _moved_clock(moment, by)
        if unit in _MONTHS:
            return _moved_months(moment, int(by.value) * _MONTHS[unit])
        return _moved_days(moment, _milliseconds(by))
    except (OverflowError, ValueError):
        # Before year 1 or after 9999.
        return None


def _milliseconds(by: Quantity) -> Decimal:
    if by.plain_unit not in MILLISECONDS:
        raise InvalidExpression("Only a quantity of time can be added to a date.")
    # Fractions count below the second only.
    whole = by.value if by.plain_unit in {"s", "ms"} else Decimal(int(by.value))
    return whole * MILLISECONDS[by.plain_unit]


def _moved_months(moment: Temporal, months: int) -> Temporal:
    year, month = int(moment.parts[0]), int(moment.parts[1]) if len(moment.parts) > 1 else 1
    if len(moment.parts) == 1:
        months = int(months / 12) * 12
    years, month = divmod(year * 12 + month - 1 + months, 12)
    if not 1 <= years <= 9999:
        raise OverflowError
    parts = [Decimal(years), Decimal(month + 1), *moment.parts[2:]]
    if len(moment.parts) > 2:
        parts[2] = min(parts[2], Decimal(monthrange(years, month + 1)[1]))
    return replace(moment, parts=tuple(parts[: len(moment.parts)]), text="")


def _moved_days(moment: Temporal, by: Decimal) -> Temporal:
    known = len(moment.parts)
    if known < 3:
        days = int(by / MILLISECONDS["d"])
        return _moved_months(moment, int(days / _DAYS_IN[known]) * (12 if known == 1 else 1))
    whole = (*moment.parts, Decimal(0), Decimal(0))[:5]
    year, month, day, hour, minute = map(int, whole)
    second = moment.parts[5] if known > 5 else Decimal(0)
    start = datetime(year, month, day, hour, minute)  # noqa: DTZ001
    minutes, rest = divmod(second * 1000 + by, 60_000)
    if rest < 0:
        minutes, rest = minutes - 1, rest + 60_000
    end = start + timedelta(minutes=int(minutes))
    parts = (*map(Decimal, (end.year, end.month, end.day, end.hour, end.minute)), rest / 1000)
    return replace(moment, parts=parts[:known], text="")


def _moved_clock(moment: Temporal, by: Quantity) -> Temporal:
    known = len(moment.parts)
    hour, minute, second = (*moment.parts, Decimal(0), Decimal(0))[:3]
    total = ((hour * 60 + minute) * 60 + second) * 1000 + _milliseconds(by)
    total %= MILLISECONDS["d"]
    total += MILLISECONDS["d"] if total < 0 else 0
    minutes, rest = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    return replace(moment, parts=(hours, minutes, rest / 1000)[:known], text="")
