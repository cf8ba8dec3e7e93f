"""The whole schema on one page; migrations lead here, and a test holds them to it.

What queries ask for is a column; the rest of a record is JSON, so that a new field needs no migration.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
    text,
)

from newsletter.storage.times import UtcDateTime

HEAD = "0008"
"""The revision that this code speaks."""
VERSION_TABLE = "newsletter_schema"
"""Alembic's note of the revision; its own name, for a PostgreSQL database may have other tenants."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

notes = Table(
    "notes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What the database knows of itself: the salt of address hashes, the count of hand-overs",
)

# -- 1. what is new ----------------------------------------------------------------------------------------------

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("memory", Text, nullable=False, comment="SourceMemory as JSON"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("first_seen_at", UtcDateTime, index=True, comment="null: backlog that was never new"),
    Column("record", Text, nullable=False, comment="Entry as JSON"),
)

entry_keys = Table(
    "entry_keys",
    metadata,
    Column("key", Text, primary_key=True, comment="arXiv id, DOI, link or title; two entries may share a title"),
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, index=True),
)

aliases = Table(
    "aliases",
    metadata,
    Column("old_id", Text, primary_key=True, comment="an id that was given out before two entries became one"),
    Column("entry_id", ForeignKey("entries.id"), nullable=False, index=True, comment="never itself an old id"),
)

readings = Table(
    "readings",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("read_at", UtcDateTime, primary_key=True, index=True, comment="when a figure was seen to have changed"),
    Column("upvotes", Integer),
    Column("comments", Integer),
    Column("stars", Integer),
)

vectors = Table(
    "vectors",
    metadata,
    # No paper's id: what a paper says may change, and readers' interests and libraries say something too.
    Column("text_key", Text, primary_key=True, comment="hash of the text"),
    Column("encoder", Text, primary_key=True, comment="what made it: vectors of two encoders do not compare"),
    Column("vector", LargeBinary, nullable=False, comment="as the encoder's caller wrote it; may be made again"),
    Column("used_on", Date, nullable=False, index=True, comment="to within a week"),
)

# -- 2. who reads us ---------------------------------------------------------------------------------------------

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Text, primary_key=True, comment="random, opaque"),
    Column("email", Text, nullable=False, comment="as the reader writes it"),
    Column("address", Text, nullable=False, unique=True, comment="its normal form: one person, one row"),
    Column("address_hash", Text, nullable=False, index=True, comment="as in suppressions"),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("schedule", Text, nullable=False, comment="Schedule as JSON"),
    Column("profile", Text, nullable=False, comment="ProfileSpec as JSON"),
    Column("state", Text, nullable=False, index=True),
    Column("paused_until", Date),
    Column("owner", Text, nullable=False),
    Column("created_at", UtcDateTime),
    Column("when_empty", Text, nullable=False),
)

votes = Table(
    "votes",
    metadata,
    Column("subscriber", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    # No cascade: what a reader taught us is not to go with the pruning of old papers.
    Column("entry_id", ForeignKey("entries.id"), primary_key=True, index=True),
    Column("value", Integer, nullable=False, comment="1: more like this, -1: less"),
    Column("at", UtcDateTime, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", Text, primary_key=True, comment="salted SHA-256 of the normal form, never the address"),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("subscriber", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("act", Text, nullable=False, comment="asked, confirmed, left ..."),
    Column("method", Text, nullable=False, comment="how it was said"),
    Column("words", Text, nullable=False, comment="the version of the text that was agreed to"),
    Column("source", Text, comment="salted hash of the network address it came from"),
    comment="What readers agreed to, and when they took it back",
)

# -- 3. what they get --------------------------------------------------------------------------------------------

editions = Table(
    "editions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False, index=True),
    Column("reach_from", UtcDateTime, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("entries", Integer, nullable=False, comment="how many"),
    Column("paused", Boolean, nullable=False, comment="its deliveries are not leased"),
    Column("snapshot", LargeBinary, nullable=False, comment="Edition as compressed JSON"),
)

# -- 4. did it arrive --------------------------------------------------------------------------------------------

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", Text, nullable=False, comment="digest, or the name of a system mail"),
    # No foreign key: a reader who is erased while an edition is planned must not break the plan; the lease looks again.
    Column("subscriber", Text, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("edition", Text),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, comment="with owner: the fence that late writes run into"),
    Column("owner", Text, comment="who has leased it"),
    Column("lease_until", UtcDateTime),
    Column("retry_at", UtcDateTime),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    sqlite_autoincrement=True,  # an id must not come back after an erase: it stands in provider events
)

IS_DIGEST = deliveries.c.kind == literal_column("'digest'")
"""Spelt as in the index below: a bound parameter would hide from SQLite that the index fits."""

Index(
    "uq_deliveries_digest",
    deliveries.c.subscriber,
    deliveries.c.local_date,
    unique=True,
    sqlite_where=text("kind = 'digest'"),
    postgresql_where=text("kind = 'digest'"),
)
IS_NO_DIGEST = deliveries.c.kind != literal_column("'digest'")
IS_READY = deliveries.c.state == literal_column("'ready'")
IS_IN_HAND = deliveries.c.owner.is_not(None)
AT_REST = "state <> 'ready' AND state <> 'leased' AND state <> 'handed' AND state <> 'sent'"
"""Not as a list: SQLite makes a table of one for each row that it writes, before and after."""
IS_AT_REST = text(AT_REST.replace("state", "deliveries.state"))
"""What waits for a retry, and what came to another end than being sent."""


def _index(name: str, *columns: Column[Any], where: str) -> None:
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


# Partial, so that a message on its way from ready to sent touches as few as can be.
_index("ix_deliveries_subscriber", deliveries.c.subscriber, where="kind <> 'digest'")
_index("ix_deliveries_ready", deliveries.c.id, where="state = 'ready'")
_index("ix_deliveries_in_hand", deliveries.c.id, where="owner IS NOT NULL")
_index("ix_deliveries_at_rest", deliveries.c.state, deliveries.c.id, where=AT_REST)
Index("ix_deliveries_created_at", deliveries.c.created_at)

inputs = Table(
    "inputs",
    metadata,
    # Beside the delivery, for a row that moves from state to state is written again each time.
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", Text, nullable=False, index=True),
    Column("shown", Text, nullable=False, comment="entry ids as JSON"),
    Column("payload", LargeBinary, nullable=False, comment="the frozen inputs, as the outbox wrote them"),
)

messages = Table(
    "messages",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("kept_at", UtcDateTime, nullable=False, index=True),
    # zlib: all of the message; parts, parts+zlib: what is its own, and the numbers of the pieces that it shares.
    Column("encoding", Text, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the RFC 5322 bytes that were handed over"),
)

pieces = Table(
    "pieces",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True, comment="BLAKE2b of the piece"),
    Column("body", LargeBinary, nullable=False, comment="what many messages have in common, compressed"),
    Column("used_on", Date, nullable=False, index=True, comment="no message kept after that day needs it"),
    sqlite_autoincrement=True,  # a message holds ids: one that comes back would change what was sent
)

events = Table(
    "events",
    metadata,
    Column("provider", Text, primary_key=True, comment="who told"),
    Column("id", Text, primary_key=True, comment="the same each time it is told"),
    Column("kind", Text, nullable=False),
    Column("reason", Text, comment="of what the provider rejected"),
    # No foreign keys: what is told late must be known as told before, whatever was deleted since. No addresses.
    Column("delivery_id", BigInteger().with_variant(Integer, "sqlite"), index=True),
    Column("attempt", Integer, comment="of the delivery, when it was told"),
    Column("subscriber", Text, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("waits", Boolean, nullable=False, comment="its delivery was in a sender's hands"),
    comment="What was told about deliveries; soft bounces are scored by it",
)
IS_COMPLAINT = events.c.kind == literal_column("'complained'")
_index("ix_events_complaints", events.c.delivery_id, where="kind = 'complained'")
Index("ix_events_waits", events.c.delivery_id, sqlite_where=text("waits"), postgresql_where=text("waits"))

# -- 5. how fast it may go ---------------------------------------------------------------------------------------

rates = Table(
    "rates",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("domain", Text, primary_key=True, comment="of recipients; empty: all mail of the provider"),
    Column("tokens", Float, nullable=False, comment="messages that may leave at once"),
    Column("filled_at", UtcDateTime, nullable=False),
    Column("day", Date, nullable=False),
    Column("sent", Integer, nullable=False, comment="on that day"),
    Column("days", Integer, nullable=False, comment="on which anything was sent, before that day"),
)

holds = Table(
    "holds",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("domain", Text, primary_key=True, comment="of recipients; empty: all mail of the provider"),
    Column("until", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False, comment="how often in a row"),
    Column("reason", Text, nullable=False),
)

circuits = Table(
    "circuits",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("recent", Text, nullable=False, comment="the last answers, latest last: . good, x a failure"),
    Column("openings", Integer, nullable=False, comment="how often in a row it had to be opened"),
    Column("open_until", UtcDateTime, comment="null: closed"),
    Column("is_refused", Boolean, nullable=False, comment="our credentials or our sender were refused"),
    Column("credentials", Text, nullable=False, comment="two bytes of a slow hash of those that were refused"),
    Column("reason", Text, nullable=False),
)

brakes = Table(
    "brakes",
    metadata,
    # No foreign key: what was decided about an edition outlives it.
    Column("edition", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="content, addresses or complaints"),
    Column("pulled_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)

doubts = Table(
    "doubts",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("since", UtcDateTime, nullable=False, comment="the first hand-over that got no clear answer"),
)

senders = Table(
    "senders",
    metadata,
    Column("owner", Text, primary_key=True, comment="as in deliveries"),
    Column("provider", Text, nullable=False, comment="that knows a message again"),
    Column("at", UtcDateTime, nullable=False),
)

# -- 6. what was done --------------------------------------------------------------------------------------------

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("finished_at", UtcDateTime),
    Column("report", Text, nullable=False, comment="the run's own account as JSON"),
)

# -- 7. who may knock --------------------------------------------------------------------------------------------

limits = Table(
    "limits",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("rule", Text, nullable=False),
    Column("who", Text, nullable=False, comment="salted hash of who it was; empty: everybody"),
    Column("at", UtcDateTime, nullable=False, index=True),
    Index("ix_limits_rule_who_at", "rule", "who", "at"),
    comment="What is allowed only so often, each time that it was done",
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", Text, primary_key=True, comment="SHA-256: who reads the database cannot log in"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    comment="Who is logged in at the desk",
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="what it is for, in the operator's words"),
    Column("token_hash", Text, nullable=False, unique=True, comment="SHA-256 of 256 random bits"),
    Column("scopes", Text, nullable=False, comment="as JSON"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("used_on", Date, comment="to within a day"),
)
