"""Runs migrations on the connection that `shared.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from shared.store.private_tables import metadata

_attributes = context.config.attributes

context.configure(
    connection=_attributes["connection"],
    target_metadata=metadata(_attributes["ownership"]),
    include_schemas=True,
    version_table="migration",
    version_table_schema="public",
    include_name=lambda name, kind, _: (
        kind != "schema" or name in {"record", *_attributes["ownership"]}
    ),
)
with context.begin_transaction():
    context.run_migrations()
