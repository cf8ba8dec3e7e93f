"""Deliveries without what their messages are made of, and messages in pieces that many share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOVED = ("message_id", "shown", "payload")


def upgrade() -> None:
    """Moves the inputs of messages into a table of their own; kept messages stay as they are."""
    _move_inputs()
    _index_anew()
    _make_pieces()


def _move_inputs() -> None:
    op.create_table(
        "inputs",
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False, comment="entry ids as JSON"),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="the frozen inputs, as the outbox wrote them"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_inputs_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_inputs"),
    )
    op.execute(
        "INSERT INTO inputs (delivery_id, message_id, shown, payload) "
        "SELECT id, message_id, shown, payload FROM deliveries ORDER BY id"
    )
    for column in MOVED:  # in place: rebuilding the table would let SQLite give out old ids again
        op.execute(f"ALTER TABLE deliveries DROP COLUMN {column}")
    op.execute("UPDATE deliveries SET owner = NULL WHERE state NOT IN ('leased', 'handed', 'uncertain')")


def _index_anew() -> None:
    op.drop_index("ix_deliveries_subscriber", "deliveries")
    op.drop_index("ix_deliveries_state", "deliveries")
    _make_index("ix_deliveries_subscriber", ["subscriber"], "kind <> 'digest'")
    _make_index("ix_deliveries_ready", ["id"], "state = 'ready'")
    _make_index("ix_deliveries_in_hand", ["id"], "owner IS NOT NULL")
    _make_index("ix_deliveries_at_rest", ["state", "id"], "state NOT IN ('ready', 'leased', 'handed', 'sent')")


def _make_index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "deliveries", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _make_pieces() -> None:
    op.create_table(
        "pieces",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="BLAKE2b of the piece"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="what many messages have in common, compressed"),
        sa.Column("used_on", sa.Date(), nullable=False, comment="no message kept after that day needs it"),
        sa.PrimaryKeyConstraint("id", name="pk_pieces"),
        sa.UniqueConstraint("digest", name="uq_pieces_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pieces_used_on", "pieces", ["used_on"])
    notes = sa.table("notes", sa.column("name"), sa.column("value"))
    op.bulk_insert(notes, [{"name": "pieces", "value": "0"}])
