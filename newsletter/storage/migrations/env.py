"""Alembic's entry: runs the migrations in the transaction that the caller has begun."""

from __future__ import annotations

from alembic import context

from newsletter.storage.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
