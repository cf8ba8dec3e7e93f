"""Hand over everything that is ready: one message first where the provider was ill, then lane by lane."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from newsletter.errors import NewsletterError, ProviderError
from newsletter.model import DIGEST
from newsletter.outbox.job import Job, OnState, Sending, Tally
from newsletter.outbox.lane import Lane
from newsletter.storage import Settlement, Storage


def send_ready(storage: Storage, sending: Sending, on_state: OnState | None = None) -> Tally:
    """Hands over everything that is ready, group by group over ``lanes`` connections.

    The tally hears of deliveries that came to an end, ``on_state`` of the digests among them; what waits for a next
    try is in the ledger. A provider that cannot be reached or refuses us ends the sending, and so does one that has to
    be left alone still: what was not handed over is ready again, and ``Tally.error`` says why. So does storage that
    fails: what cannot be recorded must not be sent.
    """
    tally = Tally()

    def count(settled: Settlement) -> None:
        tally.count(settled)
        if on_state and settled.delivery.kind == DIGEST:
            on_state(settled.state)

    job = Job(storage, sending, count)
    if not job.is_anything_ready():
        return tally
    try:
        job.brakes.look()
        job.pace.enter()
        tally.error = _send(job)
    except ProviderError as error:
        tally.error = error
    tally.notes = job.notes
    return tally


def _send(job: Job) -> NewsletterError | None:
    """Why it stopped part-way, if it did; raises ``ProviderError`` where nothing may be tried."""
    if not job.circuit.enter():
        first = Lane(job, limit=1)
        error = first.drain()
        if error or not job.circuit.settle(is_good=first.handed > 0):
            return error
    with ThreadPoolExecutor(max_workers=job.sending.lanes, thread_name_prefix="lane") as pool:
        lanes = [pool.submit(Lane(job).drain) for _ in range(job.sending.lanes)]
        errors = [lane.result() for lane in lanes]
    return next((error for error in errors if error), None)
