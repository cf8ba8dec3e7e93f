"""Alembic's entry: runs the migrations in the transaction that the caller has begun."""

from __future__ import annotations

from alembic import context

from newsletter.storage.schema import VERSION_TABLE, metadata

if hasattr(context, "config"):  # where Alembic runs this file, and not where a tool only imports it
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )
    context.run_migrations()
