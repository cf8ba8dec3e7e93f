"""How fast mail may leave, who is left alone for a while, and what was held back and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Makes six tables and an index; what is stored stays as it is."""
    where = sa.text("kind = 'complained'")
    op.create_index("ix_events_complaints", "events", ["delivery_id"], sqlite_where=where, postgresql_where=where)
    _make_rates()
    _make_holds()
    op.create_table(
        "brakes",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="content, addresses or complaints"),
        sa.Column("pulled_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "kind", name="pk_brakes"),
    )
    op.create_table(
        "senders",
        sa.Column("owner", sa.Text(), nullable=False, comment="as in deliveries"),
        sa.Column("provider", sa.Text(), nullable=False, comment="that knows a message again"),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_senders"),
    )
    op.create_table(
        "doubts",
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("since", INSTANT, nullable=False, comment="the first hand-over that got no clear answer"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_doubts_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_doubts"),
    )


def _make_rates() -> None:
    op.create_table(
        "rates",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False, comment="of recipients; empty: all mail of the provider"),
        sa.Column("tokens", sa.Float(), nullable=False, comment="messages that may leave at once"),
        sa.Column("filled_at", INSTANT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False, comment="on that day"),
        sa.Column("days", sa.Integer(), nullable=False, comment="on which anything was sent, before that day"),
        sa.PrimaryKeyConstraint("provider", "domain", name="pk_rates"),
    )


def _make_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False, comment="of recipients; empty: all mail of the provider"),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False, comment="how often in a row"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "domain", name="pk_holds"),
    )
    op.create_table(
        "circuits",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("recent", sa.Text(), nullable=False, comment="the last answers, latest last: . good, x a failure"),
        sa.Column("openings", sa.Integer(), nullable=False, comment="how often in a row it had to be opened"),
        sa.Column("open_until", INSTANT, nullable=True, comment="null: closed"),
        sa.Column("is_refused", sa.Boolean(), nullable=False, comment="our credentials or our sender were refused"),
        sa.Column(
            "credentials", sa.Text(), nullable=False, comment="two bytes of a slow hash of those that were refused"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_circuits"),
    )
