"""Readers sign up by themselves: what they agreed to, how often one may ask, who is logged in, what may be called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.storage.times import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes four tables."""
    op.create_table(
        "consents",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False, comment="asked, confirmed, left ..."),
        sa.Column("method", sa.Text(), nullable=False, comment="how it was said"),
        sa.Column("words", sa.Text(), nullable=False, comment="the version of the text that was agreed to"),
        sa.Column("source", sa.Text(), comment="salted hash of the network address it came from"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["subscribers.id"], name="fk_consents_subscriber_subscribers", ondelete="CASCADE"
        ),
        comment="What readers agreed to, and when they took it back",
    )
    op.create_index("ix_consents_subscriber", "consents", ["subscriber"])
    op.create_table(
        "limits",
        sa.Column("id", _ID, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column(
            "who",
            sa.Text(),
            nullable=False,
            comment="salted hash of who it was; empty: everybody",
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_limits"),
        comment="What is allowed only so often, each time that it was done",
    )
    op.create_index("ix_limits_at", "limits", ["at"])
    op.create_index("ix_limits_rule_who_at", "limits", ["rule", "who", "at"])
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.Text(), nullable=False, comment="SHA-256: who reads the database cannot log in"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_sessions"),
        comment="Who is logged in at the desk",
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="what it is for, in the operator's words"),
        sa.Column("token_hash", sa.Text(), nullable=False, comment="SHA-256 of 256 random bits"),
        sa.Column("scopes", sa.Text(), nullable=False, comment="as JSON"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("used_on", sa.Date(), comment="to within a day"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("name", name="uq_api_tokens_name"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
