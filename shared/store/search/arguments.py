"""The values of a statement, bound and never written into its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.dates import moment
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.terms import hash_term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.store.page_key import PageKey

TENANT: Final = "$1::int"


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

    def bind_value(self, value: int | str | None, sql_type: str) -> str:
        """Bind a sort value, as the key of a page holds it."""
        if sql_type == "timestamptz" and isinstance(value, int):
            return self.bind(moment(value), sql_type)
        return (
            f"{self.bind(value, 'text')}::numeric"
            if sql_type == "numeric"
            else self.bind(value, sql_type)
        )

    def bind_pk(self, place: PageKey) -> str:
        """Bind the internal key of the row beside a page, which may be deleted by now."""
        code = self.bind(TYPE_CODE[place.type], "smallint")
        return (
            f"(SELECT k.pk FROM record.resource k WHERE k.tenant = {TENANT} "
            f"AND k.type = {code} AND k.id = {self.bind(place.id, 'text')})"
        )

    def statement(self, sql: str) -> Statement:
        """Complete the statement."""
        return Statement(sql, (*self.fixed, *(value for _, value in self.values)))


class Arguments(Bound):
    """The values of a search, after the tenant, and the type that the relation `r` is of.

    A condition may look at resources of another type, in a subquery with an `r` of its own.
    """

    def __init__(self, tenant: int, resource_type: str) -> None:
        super().__init__((tenant,))
        self.resource_type = resource_type

    @property
    def tenant(self) -> int:
        """The tenant, to which every relation of the statement is bound."""
        return self.fixed[0]

    @property
    def type(self) -> str:
        """The code of the type, as SQL."""
        return self.bind(TYPE_CODE[self.resource_type], "smallint")

    def of(self, resource_type: str) -> Arguments:
        """Bind values of the same statement for another type."""
        other = Arguments(self.tenant, resource_type)
        other.values = self.values
        return other

    def bind_terms(self, texts: Iterable[str]) -> str:
        """Bind the hashes of terms of the type."""
        code = TYPE_CODE[self.resource_type]
        return self.bind([hash_term(self.tenant, code, text) for text in texts], "bigint[]")
