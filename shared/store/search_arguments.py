"""The values of a statement, bound and never written into its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.terms import hash_term

if TYPE_CHECKING:
    from collections.abc import Iterable

TENANT: Final = "$1::int"
TYPE: Final = "$2::smallint"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with the values of its parameters."""

    sql: str
    args: tuple[Any, ...]


@dataclass(slots=True)
class Arguments:
    """The values bound so far, after the tenant and the type of the search."""

    tenant: int
    resource_type: str
    values: dict[tuple[str, object], int] = field(default_factory=dict)

    def bind(self, value: object, sql_type: str) -> str:
        """Bind a value, once, and give the text that stands for it."""
        key = (sql_type, tuple(value) if isinstance(value, list) else value)
        return f"${self.values.setdefault(key, len(self.values) + 3)}::{sql_type}"

    def bind_terms(self, texts: Iterable[str]) -> str:
        """Bind the hashes of terms of the searched type."""
        code = TYPE_CODE[self.resource_type]
        return self.bind([hash_term(self.tenant, code, text) for text in texts], "bigint[]")

    def statement(self, sql: str) -> Statement:
        """Complete the statement."""
        values = (value for _, value in self.values)
        return Statement(sql, (self.tenant, TYPE_CODE[self.resource_type], *values))
