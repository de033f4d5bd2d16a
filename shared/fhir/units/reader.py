"""Reads a UCUM code to a factor and the dimensions it has, as the table defines its atoms.

https://ucum.org/ucum
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from importlib.resources import files

import msgspec

Dimensions = dict[str, int]
Unit = tuple[Fraction, Dimensions]

_TOKEN = re.compile(
    r"(?P<mark>[./()])|(?P<note>\{[^{}]*\})"
    r"|(?P<atom>10[*^]|(?:\[[^\][]*\]|[A-Za-z%'\"_])+)(?P<exponent>[+-]?\d{1,2})?|(?P<factor>\d+)"
)


class UnknownUnit(Exception):
    """The code is not one of UCUM."""


def read_unit(code: str) -> Unit:
    """Read a code.

    :raises UnknownUnit: it is none of UCUM.
    """
    return _Reader(code).read()


class _Reader:
    """Reads a code from left to right: `.` and `/` bind alike."""

    def __init__(self, code: str) -> None:
        self._tokens = list(_TOKEN.finditer(code))
        self._place = 0
        if not code or "".join(each[0] for each in self._tokens) != code:
            raise UnknownUnit

    def read(self) -> Unit:
        found = self._term()
        if self._peek() is not None:
            raise UnknownUnit
        return found

    def _peek(self) -> str | None:
        return self._tokens[self._place][0] if self._place < len(self._tokens) else None

    def _take(self) -> re.Match[str]:
        if self._peek() is None:
            raise UnknownUnit
        self._place += 1
        return self._tokens[self._place - 1]

    def _term(self) -> Unit:
        factor = Fraction(1)
        dimensions: Dimensions = {}
        sign = 1
        if self._peek() == "/":
            self._take()
            sign = -1
        while True:
            other, others = self._component()
            factor *= other**sign
            dimensions = _product(dimensions, others, sign)
            if self._peek() not in {".", "/"}:
                return factor, dimensions
            sign = 1 if self._take()[0] == "." else -1

    def _component(self) -> Unit:
        token = self._take()
        if token[0] == "(":
            found = self._term()
            if self._take()[0] != ")":
                raise UnknownUnit
        elif token["note"]:
            return Fraction(1), {}
        elif token["factor"]:
            found = Fraction(int(token["factor"])), {}
        elif token["atom"]:
            found = _power(*_atom(token["atom"]), int(token["exponent"] or 1))
        else:
            raise UnknownUnit
        if (self._peek() or "").startswith("{"):
            self._take()
        if not found[0]:
            raise UnknownUnit
        return found


def _atom(code: str) -> Unit:
    table = _table()
    if code in table.atoms:
        return _defined(code)
    for length in (2, 1):
        prefix, rest = code[:length], code[length:]
        if prefix in table.prefixes and rest in table.metric:
            factor, dimensions = _defined(rest)
            return Fraction(table.prefixes[prefix]) * factor, dimensions
    raise UnknownUnit


@cache
def _defined(code: str) -> Unit:
    definition = _table().atoms[code]
    if definition is None:
        return Fraction(1), {code: 1}
    value, unit = definition
    factor, dimensions = _Reader(unit).read()
    return Fraction(value) * factor, dimensions


def _power(factor: Fraction, dimensions: Dimensions, exponent: int) -> Unit:
    return factor**exponent, {name: each * exponent for name, each in dimensions.items()}


def _product(one: Dimensions, other: Dimensions, sign: int) -> Dimensions:
    found = {each: one.get(each, 0) + sign * other.get(each, 0) for each in one | other}
    return {each: exponent for each, exponent in found.items() if exponent}


class _Table(msgspec.Struct, frozen=True):
    prefixes: dict[str, str]
    metric: frozenset[str]
    atoms: dict[str, tuple[str, str] | None]


@cache
def _table() -> _Table:
    data = files(__package__).joinpath("ucum.json").read_bytes()
    return msgspec.json.decode(data, type=_Table)
