"""What readers voted for, and a cache of sentence vectors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Makes two tables; what is stored stays as it is."""
    op.create_table(
        "vectors",
        sa.Column("text_key", sa.Text(), nullable=False, comment="hash of the text"),
        sa.Column("encoder", sa.Text(), nullable=False, comment="what made it: vectors of two encoders do not compare"),
        sa.Column(
            "vector",
            sa.LargeBinary(),
            nullable=False,
            comment="as the encoder's caller wrote it; may be made again",
        ),
        sa.Column("used_on", sa.Date(), nullable=False, comment="to within a week"),
        sa.PrimaryKeyConstraint("text_key", "encoder", name="pk_vectors"),
    )
    op.create_index("ix_vectors_used_on", "vectors", ["used_on"])
    op.create_table(
        "votes",
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False, comment="1: more like this, -1: less"),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["subscriber"], ["subscribers.id"], name="fk_votes_subscriber", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_votes_entry_id"),
        sa.PrimaryKeyConstraint("subscriber", "entry_id", name="pk_votes"),
    )
    op.create_index("ix_votes_entry_id", "votes", ["entry_id"])
