"""The first schema."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes all tables, and the salt that address hashes are made with for ever."""
    op.create_table(
        "notes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notes"),
        comment="What the database knows of itself: the salt of address hashes, the count of hand-overs",
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False, comment="SourceMemory as JSON"),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", INSTANT, comment="null: backlog that was never new"),
        sa.Column("record", sa.Text(), nullable=False, comment="Entry as JSON"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
    )
    op.create_index("ix_entries_first_seen_at", "entries", ["first_seen_at"])
    op.create_table(
        "entry_keys",
        sa.Column(
            "key", sa.Text(), nullable=False, comment="arXiv id, DOI, link or title; two entries may share a title"
        ),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_entry_keys_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", "entry_id", name="pk_entry_keys"),
    )
    op.create_index("ix_entry_keys_entry_id", "entry_keys", ["entry_id"])
    op.create_table(
        "aliases",
        sa.Column(
            "old_id", sa.Text(), nullable=False, comment="an id that was given out before two entries became one"
        ),
        sa.Column("entry_id", sa.Text(), nullable=False, comment="never itself an old id"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_aliases_entry_id"),
        sa.PrimaryKeyConstraint("old_id", name="pk_aliases"),
    )
    op.create_index("ix_aliases_entry_id", "aliases", ["entry_id"])
    op.create_table(
        "readings",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("read_at", INSTANT, nullable=False, comment="when a figure was seen to have changed"),
        sa.Column("upvotes", sa.Integer()),
        sa.Column("comments", sa.Integer()),
        sa.Column("stars", sa.Integer()),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_readings_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", "read_at", name="pk_readings"),
    )
    op.create_index("ix_readings_read_at", "readings", ["read_at"])
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Text(), nullable=False, comment="random, opaque"),
        sa.Column("email", sa.Text(), nullable=False, comment="as the reader writes it"),
        sa.Column("address", sa.Text(), nullable=False, comment="its normal form: one person, one row"),
        sa.Column("address_hash", sa.Text(), nullable=False, comment="as in suppressions"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False, comment="Schedule as JSON"),
        sa.Column("profile", sa.Text(), nullable=False, comment="ProfileSpec as JSON"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.Date()),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT),
        sa.Column("when_empty", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("address", name="uq_subscribers_address"),
    )
    op.create_index("ix_subscribers_address_hash", "subscribers", ["address_hash"])
    op.create_index("ix_subscribers_state", "subscribers", ["state"])
    op.create_table(
        "suppressions",
        sa.Column(
            "address_hash", sa.Text(), nullable=False, comment="salted SHA-256 of the normal form, never the address"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name="pk_suppressions"),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("reach_from", INSTANT, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False, comment="how many"),
        sa.Column("paused", sa.Boolean(), nullable=False, comment="its deliveries are not leased"),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False, comment="Edition as compressed JSON"),
        sa.PrimaryKeyConstraint("id", name="pk_editions"),
    )
    op.create_index("ix_editions_made_at", "editions", ["made_at"])
    op.create_table(
        "deliveries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="digest, or the name of a system mail"),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("edition", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="with owner: the fence that late writes run into"),
        sa.Column("owner", sa.Text(), comment="who has leased it"),
        sa.Column("lease_until", INSTANT),
        sa.Column("retry_at", INSTANT),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text()),
        sa.Column("provider_id", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("shown", sa.Text(), nullable=False, comment="entry ids as JSON"),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="the frozen inputs, as the outbox wrote them"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_index("ix_deliveries_state", "deliveries", ["state", "id"])
    op.create_index("ix_deliveries_subscriber", "deliveries", ["subscriber"])
    op.create_index(
        "uq_deliveries_digest",
        "deliveries",
        ["subscriber", "local_date"],
        unique=True,
        sqlite_where=sa.text("kind = 'digest'"),
        postgresql_where=sa.text("kind = 'digest'"),
    )
    op.create_table(
        "messages",
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the RFC 5322 bytes that were handed over"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_messages_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_messages"),
    )
    op.create_index("ix_messages_kept_at", "messages", ["kept_at"])
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("report", sa.Text(), nullable=False, comment="the run's own account as JSON"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    notes = sa.table("notes", sa.column("name"), sa.column("value"))
    op.bulk_insert(notes, [{"name": "salt", "value": secrets.token_hex(32)}, {"name": "handed", "value": "0"}])
