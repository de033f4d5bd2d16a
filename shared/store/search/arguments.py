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
class Bound:
    """The values bound so far, after those whose places are fixed; the tenant is the first."""

    fixed: tuple[int, ...]
    values: dict[tuple[str, object], int] = field(default_factory=dict)

    def bind(self, value: object, sql_type: str) -> str:
        """Bind a value, once, and give the text that stands for it."""
        key = (sql_type, tuple(value) if isinstance(value, list) else value)
        place = len(self.fixed) + len(self.values) + 1
        return f"${self.values.setdefault(key, place)}::{sql_type}"

    def statement(self, sql: str) -> Statement:
        """Complete the statement."""
        return Statement(sql, (*self.fixed, *(value for _, value in self.values)))


class Arguments(Bound):
    """The values of a search of one type, after the tenant and the type."""

    def __init__(self, tenant: int, resource_type: str) -> None:
        super().__init__((tenant, TYPE_CODE[resource_type]))

    def bind_terms(self, texts: Iterable[str]) -> str:
        """Bind the hashes of terms of the searched type."""
        tenant, code = self.fixed
        return self.bind([hash_term(tenant, code, text) for text in texts], "bigint[]")
