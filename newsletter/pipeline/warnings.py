"""What an operator should hear although nothing failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from newsletter.cadence import previous_slot
from newsletter.config.settings import Settings
from newsletter.model import Subscriber
from newsletter.storage import Storage
from newsletter.subscriptions import gets_mail
from newsletter.text.numbers import counted

RUNS_LOOKED_AT = 500


def warnings_for(
    settings: Settings, storage: Storage, readers: Sequence[Subscriber], *, now: datetime
) -> tuple[str, ...]:
    """Lines for stderr; empty when all is well."""
    told = []
    if settings.base_url and not settings.secret_keys:
        told.append(
            "base_url is set, but NEWSLETTER_SECRET_KEY is not: mails carry mailto links only; put 32 random "
            "characters into .env"
        )
    if unreached := _unreached(storage, readers, now=now):
        latest = max(reader.schedule.at.isoformat("minutes") for reader in unreached if reader.schedule.at)
        wish = counted(len(unreached), "reader wants", "readers want")
        told.append(
            f"{wish} their mail later than the last run of their day came (as late as "
            f"{latest}): let cron call `newsletter run` more often"
        )
    return tuple(told)


def _unreached(storage: Storage, readers: Sequence[Subscriber], *, now: datetime) -> list[Subscriber]:
    """Readers in whose last slot there was no run, although there were runs before it that day."""
    runs = [run.started_at for run in storage.runs.list(RUNS_LOOKED_AT)]
    found = []
    for reader in readers:
        zone = ZoneInfo(reader.timezone)
        today = now.astimezone(zone).date()
        slot = previous_slot(reader.schedule, zone, today) if reader.schedule.at else None
        if slot is None or slot.closes_at > now or not gets_mail(reader, today):
            continue
        midnight = datetime.combine(slot.local_date, time(0), zone)
        earlier = [run for run in runs if midnight <= run < slot.opens_at]
        if earlier and not any(slot.is_open(run) for run in runs):
            found.append(reader)
    return found
