"""Messages are found by their ids without a look at each of them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes an index."""
    op.create_index("ix_inputs_message_id", "inputs", ["message_id"])
