"""The tables of a service's private state, which stand once in each service's own schema.

What is not in FHIR is not shared: the other services' roles cannot read these.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel reads annotations at run time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import BigInteger, DateTime, Index, MetaData, SmallInteger, Text
from sqlmodel import Field, SQLModel

from shared.store import search_tables as _search_tables  # noqa: F401 - they tell SQLModel of themselves
from shared.store.tables import RECORD, Name

if TYPE_CHECKING:
    from collections.abc import Iterable

# Stands for a service's schema; `metadata` replaces it.
PRIVATE: Final = "private"


class Cursor(SQLModel, table=True):
    """How far a consumer has read the feed."""

    __tablename__ = "cursor"
    __table_args__: ClassVar[Any] = ({"schema": PRIVATE},)
    tenant: int = Field(primary_key=True)
    consumer: str = Field(sa_type=Name, primary_key=True)
    xid: int = Field(sa_type=BigInteger)
    position: int = Field(sa_type=BigInteger)


class Inbox(SQLModel, table=True):
    """Feed events of parked streams, in order, until their reaction succeeds."""

    __tablename__ = "inbox"
    __table_args__: ClassVar[Any] = (
        Index("inbox_stream", "tenant", "consumer", "stream", "position"),
        {"schema": PRIVATE},
    )
    tenant: int = Field(primary_key=True)
    consumer: str = Field(sa_type=Name, primary_key=True)
    position: int = Field(sa_type=BigInteger, primary_key=True)
    stream: str = Field(sa_type=Name)
    number: int = Field(sa_type=BigInteger)
    type: int = Field(sa_type=SmallInteger)
    id: str = Field(sa_type=Name)
    version: int
    attempts: int
    next_attempt: datetime = Field(sa_type=DateTime(timezone=True))
    error: str = Field(sa_type=Text)


class Timer(SQLModel, table=True):
    """What falls due: written in the transaction that causes it, handled once."""

    __tablename__ = "timer"
    __table_args__: ClassVar[Any] = (Index("timer_due", "tenant", "due"), {"schema": PRIVATE})
    tenant: int = Field(primary_key=True)
    key: str = Field(sa_type=Name, primary_key=True)
    due: datetime = Field(sa_type=DateTime(timezone=True))
    name: str = Field(sa_type=Text)
    type: int = Field(sa_type=SmallInteger)
    id: str = Field(sa_type=Name)
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    next_attempt: datetime | None = Field(sa_type=DateTime(timezone=True), nullable=True)


class Outbound(SQLModel, table=True):
    """A request to a sibling or partner, kept until it is answered."""

    __tablename__ = "outbound"
    __table_args__: ClassVar[Any] = (
        Index("outbound_next", "tenant", "answered", "next_attempt"),
        {"schema": PRIVATE},
    )
    tenant: int = Field(primary_key=True)
    key: str = Field(sa_type=Name, primary_key=True)
    stream: str = Field(sa_type=Name)
    target: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    path: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    created: datetime = Field(sa_type=DateTime(timezone=True))
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    next_attempt: datetime = Field(sa_type=DateTime(timezone=True))
    answered: datetime | None = Field(sa_type=DateTime(timezone=True), nullable=True)
    status: int | None = Field(sa_type=SmallInteger, nullable=True)


def metadata(schemas: Iterable[str]) -> MetaData:
    """Describe the whole database: the record, and private state once for each schema."""
    whole = MetaData()
    for table in SQLModel.metadata.sorted_tables:
        if table.schema == RECORD:
            table.to_metadata(whole)
        elif table.schema == PRIVATE:
            for schema in schemas:
                table.to_metadata(whole, schema=schema)
    return whole
