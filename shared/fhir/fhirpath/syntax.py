"""The tree of a FHIRPath expression.

https://hl7.org/fhirpath/N1/grammar.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written down, with its System type; `{}` has no type."""

    value: Any
    type: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One of `$this`, `$index` and `$total`, or a `%name` of the environment."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A step to an element; without a target it starts at `$this`, or names its type."""

    target: Expression | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the target, or of `$this`."""

    target: Expression | None
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Indexer:
    """The item of a collection at a place, from 0."""

    target: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Negation:
    """A number with the sign before it."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what stands between them."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class TypeOperator:
    """`is` or `as`, with the name of a type."""

    operator: str
    operand: Expression
    type: str


Expression = Literal | Variable | Member | Call | Indexer | Negation | Binary | TypeOperator
