"""What providers, and mails that came back, told about deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table of events."""
    op.create_table(
        "events",
        sa.Column("provider", sa.Text(), nullable=False, comment="who told"),
        sa.Column("id", sa.Text(), nullable=False, comment="the same each time it is told"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), comment="of what the provider rejected"),
        sa.Column("delivery_id", ROW_ID),
        sa.Column("attempt", sa.Integer(), comment="of the delivery, when it was told"),
        sa.Column("subscriber", sa.Text()),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False, comment="its delivery was in a sender's hands"),
        sa.PrimaryKeyConstraint("provider", "id", name="pk_events"),
        comment="What was told about deliveries; soft bounces are scored by it",
    )
    op.create_index("ix_events_delivery_id", "events", ["delivery_id"])
    op.create_index("ix_events_subscriber", "events", ["subscriber"])
    op.create_index("ix_events_received_at", "events", ["received_at"])
    where = sa.text("waits")
    op.create_index("ix_events_waits", "events", ["delivery_id"], sqlite_where=where, postgresql_where=where)
