"""The tables of the record, as SQLModel classes.

The record's statements are SQL text; these classes are what Alembic compares the database with.
What can be searched has tables of its own, in `search_tables`.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel reads annotations at run time
from typing import Any, ClassVar, Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from shared.fhir.definitions import TYPE_CODE

RECORD: Final = "record"
# The transaction that wrote the row; a reader compares it with the oldest one still running.
_OWN_XID = text("(pg_current_xact_id()::text)::bigint")


class Name(Text):
    """Text compared byte by byte, which is what ids, codes and folded strings need."""

    def __init__(self) -> None:
        super().__init__(collation="C")


def _type() -> Any:  # noqa: ANN401
    return Field(sa_type=SmallInteger, primary_key=True)


class Resource(SQLModel, table=True):
    """One row per resource, deleted ones too: which version is current."""

    __tablename__ = "resource"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("tenant", "pk", name="resource_pk"),
        # Only for queries that say `pk > 0`: without statistics PostgreSQL would look for one id
        # by it, among all of a type.
        Index(
            "resource_updated",
            "tenant",
            "type",
            "updated",
            "pk",
            postgresql_where=text("pk > 0"),
        ),
        {"schema": RECORD},
    )
    tenant: int = Field(primary_key=True)
    type: int = _type()
    id: str = Field(sa_type=Name, primary_key=True)
    pk: int = Field(sa_type=BigInteger)
    version: int
    deleted: bool
    updated: datetime = Field(sa_type=DateTime(timezone=True))
    patient: int | None = Field(sa_type=BigInteger, nullable=True)


class Version(SQLModel, table=True):
    """Every version of every resource, written once and never changed."""

    __tablename__ = "version"
    __table_args__: ClassVar[Any] = (
        Index(
            "version_updated",
            "tenant",
            "type",
            "updated",
            "pk",
            "version",
            postgresql_where=text("pk > 0"),
        ),
        Index(
            "version_patient",
            "tenant",
            "patient",
            "type",
            "updated",
            "pk",
            "version",
            postgresql_where=text("pk > 0 AND patient IS NOT NULL"),
        ),
        # Patients who were ever merged: few.
        Index(
            "version_replaced",
            "tenant",
            "updated",
            postgresql_where=text(
                f"type = {TYPE_CODE['Patient']} AND body LIKE '%\"replaced-by\"%'"
            ),
        ),
        {"schema": RECORD},
    )
    tenant: int = Field(primary_key=True)
    pk: int = Field(sa_type=BigInteger, primary_key=True)
    version: int = Field(primary_key=True)
    type: int = Field(sa_type=SmallInteger)
    id: str = Field(sa_type=Name)
    updated: datetime = Field(sa_type=DateTime(timezone=True))
    deleted: bool
    method: str = Field(sa_type=Text)
    body: str | None = Field(sa_type=Text, nullable=True)
    patient: int | None = Field(sa_type=BigInteger, nullable=True)


class Feed(SQLModel, table=True):
    """One row per write: the change feed, in which nothing that commits late is skipped."""

    __tablename__ = "feed"
    __table_args__: ClassVar[Any] = (
        Index("feed_settled", "tenant", "xid", "position"),
        Index("feed_stream", "tenant", "stream", "number"),
        {"schema": RECORD},
    )
    tenant: int = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    xid: int = Field(sa_column=Column(BigInteger, server_default=_OWN_XID, nullable=False))
    stream: str = Field(sa_type=Name)
    number: int = Field(sa_type=BigInteger)
    type: int = Field(sa_type=SmallInteger)
    id: str = Field(sa_type=Name)
    version: int
    at: datetime = Field(sa_type=DateTime(timezone=True))
    link: bytes | None = Field(nullable=True)


class Stream(SQLModel, table=True):
    """How many feed rows a patient's stream has: the source of its gapless numbers.

    Its last link is that of `base` and what the last statement `added`; see `chain`.
    """

    __tablename__ = "stream"
    __table_args__: ClassVar[Any] = ({"schema": RECORD},)
    tenant: int = Field(primary_key=True)
    stream: str = Field(sa_type=Name, primary_key=True)
    number: int = Field(sa_type=BigInteger)
    base: bytes = Field(sa_column=Column(LargeBinary, server_default="", nullable=False))
    added: bytes = Field(sa_column=Column(LargeBinary, server_default="", nullable=False))


class Audit(SQLModel, table=True):
    """Who did what to which resource, and when: appended, never changed."""

    __tablename__ = "audit"
    __table_args__: ClassVar[Any] = (
        Index("audit_recorded", "tenant", "recorded", "position"),
        Index("audit_patient", "tenant", "patient", "recorded", "position"),
        Index("audit_resource", "tenant", "type", "id", "recorded", "position"),
        Index("audit_type", "tenant", "type", "recorded", "position"),
        Index("audit_caller", "tenant", "caller", "recorded", "position"),
        Index("audit_interaction", "tenant", "interaction", "recorded", "position"),
        Index(
            "audit_refused",
            "tenant",
            "recorded",
            "position",
            postgresql_where=text("status >= 400"),
        ),
        {"schema": RECORD},
    )
    tenant: int = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    recorded: datetime = Field(sa_type=DateTime(timezone=True))
    service: str = Field(sa_type=Text)
    caller: str | None = Field(sa_type=Text, nullable=True)
    interaction: str = Field(sa_type=Text)
    type: int | None = Field(sa_type=SmallInteger, nullable=True)
    id: str | None = Field(sa_type=Name, nullable=True)
    version: int | None = Field(nullable=True)
    patient: int | None = Field(sa_type=BigInteger, nullable=True)
    request_id: str = Field(sa_type=Text)
    status: int = Field(sa_type=SmallInteger)
    query: str | None = Field(sa_type=Text, nullable=True)


class Site(SQLModel, table=True):
    """One row per tenant: the key that signs its paging links, and its clock's offset.

    What is searched is of a generation, by the rules of a release's `search_version`, which have
    been the same `search_since` a generation.
    """

    __tablename__ = "site"
    __table_args__: ClassVar[Any] = ({"schema": RECORD},)
    tenant: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    paging_key: bytes
    clock_offset_us: int = Field(sa_type=BigInteger)
    search_generation: int = Field(sa_column=Column(Integer, server_default="0", nullable=False))
    search_version: int = Field(sa_column=Column(Integer, server_default="0", nullable=False))
    search_since: int = Field(sa_column=Column(Integer, server_default="0", nullable=False))
