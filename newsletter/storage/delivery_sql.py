"""The statements that run once a group of messages, as ``Bare`` takes them."""

from __future__ import annotations

from newsletter.storage.subscriber_rows import SUBSCRIBER_COLUMNS

LAST_ID = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'deliveries'"
NEXT_IDS = "SELECT nextval(pg_get_serial_sequence('deliveries', 'id')) FROM generate_series(1, ?)"
PLAN = (
    "INSERT INTO deliveries"
    " (id, kind, subscriber, local_date, edition, state, attempt, valid_until, created_at, updated_at)"
    " VALUES [rows (?, ?, ?, ?, ?, 'ready', 0, ?, ?, ?)] ON CONFLICT DO NOTHING"
)
PLANNED = "SELECT id FROM deliveries WHERE id IN ([marks])"
INPUTS = "INSERT INTO inputs (delivery_id, message_id, shown, payload) VALUES [rows (?, ?, ?, ?)]"
SUPPRESS = (
    "UPDATE deliveries SET state = 'suppressed', error = ?, updated_at = ?"
    " WHERE kind = 'digest' AND state = 'ready' AND subscriber = ? AND local_date = ?"
)

READER = ", ".join(f"s.{name}" for name in SUBSCRIBER_COLUMNS)
WAITING = (
    "SELECT d.id, d.kind, d.subscriber, d.local_date, d.edition, d.attempt, d.valid_until, d.provider, d.provider_id,"
    " d.error, d.created_at, i.message_id, i.shown, i.payload, p.reason, [reader] FROM deliveries AS d"
    " LEFT JOIN inputs AS i ON i.delivery_id = d.id"
    " LEFT JOIN editions AS e ON e.id = d.edition"
    " LEFT JOIN subscribers AS s ON s.id = d.subscriber"
    " LEFT JOIN suppressions AS p ON p.address_hash = s.address_hash"
    " WHERE (e.paused IS NULL OR NOT e.paused) AND "
).replace("[reader]", READER)
THEIRS = " AND d.subscriber IN ([marks])"
LETTERS = " AND d.kind <> 'digest'"
OLDEST_FIRST = " ORDER BY d.id LIMIT ? {take}"
# Two queries, for one over both states would sort all that is ready at each lease.
READY = "d.state = 'ready'"
DUE = (
    "d.state <> 'ready' AND d.state <> 'leased' AND d.state <> 'handed' AND d.state <> 'sent'"
    " AND d.state = 'retry' AND d.retry_at <= ?"
    # What was told of it while its sender had it is looked at first.
    " AND NOT EXISTS (SELECT 1 FROM events AS told WHERE told.delivery_id = d.id AND told.waits)"
)
LEASE = (
    "UPDATE deliveries SET state = 'leased', attempt = attempt + 1, owner = ?, lease_until = ?, retry_at = NULL,"
    " updated_at = ? WHERE id IN ([marks])"
)
BARRED = (
    "UPDATE deliveries SET state = ?, error = ?, retry_at = NULL, lease_until = NULL, updated_at = ?"
    " WHERE id IN ([marks])"
)
OURS = "SELECT id, attempt, state FROM deliveries WHERE id IN ([marks]) AND owner = ? ORDER BY id {lock}"
HAND = (
    "UPDATE deliveries SET state = 'handed', updated_at = ?, lease_until = coalesce(CAST(? AS {instant}), lease_until)"
    " WHERE owner = ? AND attempt = ? AND state = 'leased' AND id IN ([marks])"
)
NEWS = (
    "SELECT d.id, e.paused, p.reason, [reader] FROM deliveries AS d"
    " LEFT JOIN editions AS e ON e.id = d.edition"
    " LEFT JOIN subscribers AS s ON s.id = d.subscriber"
    " LEFT JOIN suppressions AS p ON p.address_hash = s.address_hash"
    " WHERE d.id IN ([marks]) AND (s.id IS NULL OR s.state <> 'active' OR p.reason IS NOT NULL OR e.paused)"
).replace("[reader]", READER)
SHOW = "UPDATE inputs SET shown = ? WHERE delivery_id = ?"
SETTLE = (
    "UPDATE deliveries SET state = ?, attempt = attempt - ?, owner = ?, sent_at = CAST(? AS {instant}), updated_at = ?,"
    " lease_until = NULL, retry_at = CAST(? AS {instant}), provider = ?, error = ?,"
    " provider_id = CASE id [each WHEN ? THEN ?] END"
    " WHERE owner = ? AND attempt = ? AND id IN ([marks]) AND state IN "
)
