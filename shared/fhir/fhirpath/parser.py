"""Reads a FHIRPath expression into its tree, by the precedence of its operators.

https://hl7.org/fhirpath/N1/index.html#operator-precedence
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.lexer import Token, tokens
from shared.fhir.fhirpath.quantity import CALENDAR_UNITS, Quantity
from shared.fhir.fhirpath.syntax import (
    Binary,
    Call,
    Expression,
    Indexer,
    Literal,
    Member,
    Negation,
    TypeOperator,
    Variable,
)
from shared.fhir.fhirpath.temporal import Temporal

# Deeper trees could exhaust the stack of whoever walks them.
DEEPEST: Final = 100

_PRECEDENCE: Final = {
    operator: level
    for level, operators in enumerate(
        (
            ("implies",),
            ("or", "xor"),
            ("and",),
            ("in", "contains"),
            ("=", "~", "!=", "!~"),
            ("<=", "<", ">", ">="),
            ("|",),
            ("is", "as"),
            ("+", "-", "&"),
            ("*", "/", "div", "mod"),
        )
    )
    for operator in operators
}
_UNARY: Final = len(_PRECEDENCE)
_TRUTHS: Final = {"true": True, "false": False}


@lru_cache(2048)
def parse(text: str) -> Expression:
    """Read an expression.

    :raises InvalidExpression: it is no FHIRPath, too long, or nests too deep.
    """
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._expression(0)
        if self._next.kind != "end":
            raise self._unexpected()
        return found

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _takes(self, text: str) -> bool:
        found = self._next.kind in {"sign", "word"} and self._next.text == text
        self._place += found
        return found

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise self._unexpected()

    def _unexpected(self) -> InvalidExpression:
        told = f"'{self._next.text}'" if self._next.text else "the end"
        return InvalidExpression(f"The expression cannot be read: {told} is not expected there.")

    def _deepen(self, by: int = 1) -> None:
        self._depth += by
        if self._depth > DEEPEST:
            raise InvalidExpression(f"An expression may nest at most {DEEPEST} deep.")

    def _expression(self, least: int) -> Expression:
        before = self._depth
        self._deepen()
        left = self._unary()
        while (level := self._level()) >= least:
            self._deepen()
            operator = self._take().text
            if operator in {"is", "as"}:
                left = TypeOperator(operator, left, self._type())
            else:
                left = Binary(operator, left, self._expression(level + 1))
        self._depth = before
        return left

    def _level(self) -> int:
        if self._next.kind not in {"sign", "word"}:
            return -1
        return _PRECEDENCE.get(self._next.text, -1)

    def _unary(self) -> Expression:
        if self._takes("-"):
            return Negation(self._expression(_UNARY))
        if self._takes("+"):
            return self._expression(_UNARY)
        return self._path()

    def _path(self) -> Expression:
        left = self._term()
        while True:
            if self._takes("."):
                left = self._invocation(left)
            elif self._takes("["):
                left = Indexer(left, self._expression(0))
                self._expect("]")
            else:
                return left
            self._deepen()

    def _term(self) -> Expression:
        kind, text = self._next
        if kind in {"number", "text", "date", "time"}:
            return self._literal()
        if kind == "variable":
            return Variable(self._take().text)
        if kind == "word" and text in _TRUTHS:
            self._take()
            return Literal(_TRUTHS[text], "System.Boolean")
        if self._takes("{"):
            self._expect("}")
            return Literal(None, "")
        if self._takes("("):
            inner = self._expression(0)
            self._expect(")")
            return inner
        return self._invocation(None)

    def _invocation(self, target: Expression | None) -> Expression:
        if self._next.kind == "variable" and self._next.text.startswith("$"):
            return Variable(self._take().text)
        name = self._name()
        if not self._takes("("):
            return Member(target, name)
        arguments: list[Expression] = []
        while not self._takes(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression(0))
        return Call(target, name, tuple(arguments))

    def _name(self) -> str:
        if self._next.kind not in {"word", "name"}:
            raise self._unexpected()
        return self._take().text

    def _type(self) -> str:
        name = self._name()
        return f"{name}.{self._name()}" if self._takes(".") else name

    def _literal(self) -> Literal:
        kind, text = self._take()
        if kind == "text":
            return Literal(text, "System.String")
        if kind != "number":
            moment = Temporal.read(text[1:])
            return Literal(moment, moment.system_type)
        unit = self._unit()
        if unit:
            return Literal(Quantity(Decimal(text), unit), "System.Quantity")
        if "." in text:
            return Literal(Decimal(text), "System.Decimal")
        return Literal(int(text), "System.Integer")

    def _unit(self) -> str:
        kind, text = self._next
        if kind == "text" or (kind == "word" and text in CALENDAR_UNITS):
            return self._take().text
        return ""
