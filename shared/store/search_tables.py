"""The tables in which the record is searched, as SQLModel classes: rows of current resources.

Times are microseconds since 1970-01-01Z, so that open ends and year 1 fit.
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - SQLModel reads annotations at run time
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from shared.store.tables import RECORD, Name


class SearchRow(SQLModel, table=True):
    """What can be searched of a current resource: hashed terms, its patient, its main date.

    `targets` are the keys of the resources that it refers to, which exist. The `generation` says
    how it was indexed.
    """

    __tablename__ = "search_row"
    __table_args__: ClassVar[Any] = (
        Index("search_row_patient", "tenant", "patient", "type", "d_lo", "pk"),
        Index("search_row_date", "tenant", "type", "d_lo", "pk"),
        # What lasts more than a day may begin long before a time that it reaches.
        Index(
            "search_row_long",
            "tenant",
            "type",
            "d_hi",
            "d_lo",
            postgresql_where=text("d_lo < d_hi - 90000000000"),
        ),
        Index(
            "search_row_terms",
            "terms",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": 512},
        ),
        {"schema": RECORD},
    )
    tenant: int = Field(primary_key=True)
    type: int = Field(sa_type=SmallInteger, primary_key=True)
    pk: int = Field(sa_type=BigInteger, primary_key=True)
    id: str = Field(sa_type=Name)
    patient: int | None = Field(sa_type=BigInteger, nullable=True)
    d_lo: int = Field(sa_type=BigInteger)
    d_hi: int = Field(sa_type=BigInteger)
    terms: list[int] = Field(sa_type=ARRAY(BigInteger))
    targets: list[int] = Field(
        sa_column=Column(ARRAY(BigInteger), server_default=text("'{}'"), nullable=False)
    )
    generation: int = Field(sa_column=Column(Integer, server_default="0", nullable=False))


class Reindex(SQLModel, table=True):
    """How the rows of a type are indexed, and how far an indexing anew has come.

    All are of this `generation` at least; while another is `wanted`, those up to `position` are of
    that one. A type without a row is complete.
    """

    __tablename__ = "reindex"
    __table_args__: ClassVar[Any] = ({"schema": RECORD},)
    tenant: int = Field(primary_key=True)
    type: int = Field(sa_type=SmallInteger, primary_key=True)
    generation: int
    wanted: int
    position: int = Field(sa_column=Column(BigInteger, server_default="0", nullable=False))
    done: int = Field(sa_column=Column(BigInteger, server_default="0", nullable=False))
    total: int | None = Field(sa_type=BigInteger, nullable=True)


class RegisteredParameter(SQLModel, table=True):
    """A SearchParameter as it was registered; its number is never another one's."""

    __tablename__ = "search_parameter"
    __table_args__: ClassVar[Any] = ({"schema": RECORD},)
    tenant: int = Field(primary_key=True)
    number: int = Field(sa_type=SmallInteger, primary_key=True)
    generation: int
    definition: str = Field(sa_type=Text)
    retired: bool = Field(sa_column=Column(Boolean, server_default=text("false"), nullable=False))


class SearchString(SQLModel, table=True):
    """One row per searchable string value: folded, as sent, and its trigrams."""

    __tablename__ = "search_string"
    __table_args__: ClassVar[Any] = (
        Index(
            "search_string_norm",
            "tenant",
            "type",
            "param",
            "norm",
            "pk",
            postgresql_include=["patient"],
        ),
        Index("search_string_tri", "tri", postgresql_using="gin"),
        Index("search_string_pk", "tenant", "pk", "param"),
        {"schema": RECORD},
    )
    row: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    tenant: int
    type: int = Field(sa_type=SmallInteger)
    param: int = Field(sa_type=SmallInteger)
    pk: int = Field(sa_type=BigInteger)
    patient: int | None = Field(sa_type=BigInteger, nullable=True)
    norm: str = Field(sa_type=Name)
    exact: str = Field(sa_type=Name)
    tri: list[int] = Field(sa_type=ARRAY(Integer))


class SearchDate(SQLModel, table=True):
    """One row per searchable date: the half-open range [lo, hi) and the class of its length."""

    __tablename__ = "search_date"
    __table_args__: ClassVar[Any] = (
        Index(
            "search_date_lo",
            "tenant",
            "type",
            "param",
            "span",
            "lo",
            "pk",
            postgresql_include=["hi", "patient"],
        ),
        Index("search_date_pk", "tenant", "pk", "param"),
        {"schema": RECORD},
    )
    row: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    tenant: int
    type: int = Field(sa_type=SmallInteger)
    param: int = Field(sa_type=SmallInteger)
    pk: int = Field(sa_type=BigInteger)
    patient: int | None = Field(sa_type=BigInteger, nullable=True)
    span: int = Field(sa_type=SmallInteger)
    lo: int = Field(sa_type=BigInteger)
    hi: int = Field(sa_type=BigInteger)


class SearchQuantity(SQLModel, table=True):
    """One row per searchable number or quantity: a range, as sent and in its canonical unit.

    `key` is 0, or the hash of what stands beside the value in the same element, for a composite
    parameter; `element` tells these elements apart. `units` are the hashes of what the unit is
    called; `canonical` is that of the canonical one.
    """

    __tablename__ = "search_quantity"
    __table_args__: ClassVar[Any] = (
        Index(
            "search_quantity_lo",
            "tenant",
            "type",
            "param",
            "key",
            "lo",
            "pk",
            postgresql_include=["hi", "patient"],
        ),
        Index(
            "search_quantity_canonical",
            "tenant",
            "type",
            "param",
            "key",
            "canonical",
            "canonical_lo",
            "pk",
            postgresql_include=["canonical_hi", "patient"],
            postgresql_where=text("canonical IS NOT NULL"),
        ),
        # Of these, the few that are no points: they may begin long before a value that they reach.
        Index(
            "search_quantity_hi",
            "tenant",
            "type",
            "param",
            "key",
            "hi",
            "pk",
            postgresql_where=text("lo < hi"),
        ),
        Index(
            "search_quantity_canonical_hi",
            "tenant",
            "type",
            "param",
            "key",
            "canonical",
            "canonical_hi",
            "pk",
            postgresql_where=text("canonical_lo < canonical_hi"),
        ),
        Index("search_quantity_pk", "tenant", "pk", "param"),
        {"schema": RECORD},
    )
    row: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    tenant: int
    type: int = Field(sa_type=SmallInteger)
    param: int = Field(sa_type=SmallInteger)
    pk: int = Field(sa_type=BigInteger)
    patient: int | None = Field(sa_type=BigInteger, nullable=True)
    key: int = Field(sa_type=BigInteger)
    element: int = Field(sa_type=SmallInteger)
    lo: Decimal = Field(sa_type=Numeric)
    hi: Decimal = Field(sa_type=Numeric)
    units: list[int] = Field(sa_type=ARRAY(BigInteger))
    canonical: int | None = Field(sa_type=BigInteger, nullable=True)
    canonical_lo: Decimal | None = Field(sa_type=Numeric, nullable=True)
    canonical_hi: Decimal | None = Field(sa_type=Numeric, nullable=True)
