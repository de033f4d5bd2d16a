"""Cuts a FHIRPath expression into tokens.

https://hl7.org/fhirpath/N1/index.html#lexical-elements
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from shared.fhir.fhirpath.errors import InvalidExpression

LONGEST: Final = 20_000

_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<time>@T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)
    |(?P<date>@[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?
        (?P<clock>T(?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?
        (?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<text>'(?:[^'\\]|\\.)*')
    |(?P<delimited>`(?:[^`\\]|\\.)*`)
    |(?P<variable>\$(?:this|index|total)\b|%(?:[A-Za-z0-9_-]+|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"} | {each: each for each in "'\"`\\/"}


class Token(NamedTuple):
    """A piece of an expression; `kind` is a group of the pattern, or `end`."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """Cut an expression; texts and delimited names come without quotes and escapes.

    :raises InvalidExpression: it is too long, or holds what is no token.
    """
    if len(text) > LONGEST:
        raise InvalidExpression(f"An expression may have at most {LONGEST:,} characters.")
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise InvalidExpression(f"The expression cannot be read at character {place + 1}.")
        place = match.end()
        kind = "date" if match["date"] else match.lastgroup or ""
        if kind != "blank":
            found.append(_token(kind, match.group()))
    return [*found, Token("end", "")]


def _token(kind: str, text: str) -> Token:
    if kind == "variable" and text[1] in "`'":
        return Token(kind, f"%{_unescaped(text[2:-1])}")
    if kind in {"text", "delimited"}:
        return Token("text" if kind == "text" else "name", _unescaped(text[1:-1]))
    return Token(kind, text)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    letter = escape[1]
    if len(letter) > 1:
        return chr(int(letter[1:], 16))
    if letter not in _ESCAPED:
        raise InvalidExpression(f"The expression holds an unknown escape: \\{letter}")
    return _ESCAPED[letter]
