"""Check of the webhooks: the secret, the folders of web service and worker, and what waits in them.

No event is sent; `check_http_services` tries the receiver's address and certificate.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_users import WEB, WORKER, ProcessUser, process_user
from gateway.checks.sandbox import WORKER_UNIT, variable_of_unit
from gateway.checks.space import check_space
from gateway.notifications.errors import WebhooksUnusable
from gateway.notifications.outgoing_queue import GONE, waiting_in
from gateway.notifications.webhook_secrets import read_secrets
from gateway.settings import Settings

SECRET, SPOOL = "webhooks.secret_file", "webhooks.spool"
SPOOL_VARIABLE = "MAMIA_WEBHOOKS__SPOOL"
MAX_WAIT_SECONDS = 3600


def check_webhooks(settings: Settings) -> Iterator[Finding]:
    """Yield findings about webhooks, if the settings name a receiver."""
    webhooks = settings.webhooks
    if not webhooks.is_on or webhooks.secret_file is None or webhooks.spool is None:
        return
    yield from _secret(webhooks.secret_file)
    yield from _folder(webhooks.spool, process_user(WEB), "mamia serve")
    if settings.workstation.targets and process_user(WORKER).is_known:
        yield from _workers(webhooks.spool)


def _secret(file: Path) -> Iterator[Finding]:
    try:
        secrets = read_secrets(file)
    except WebhooksUnusable as error:
        hint = f"mamia keygen --webhook NEW makes one; move it to {file} and give it to the receiver"
        yield fail(SECRET, f"{error}: the service does not start", hint)
        return
    if len(secrets.texts) > 1:
        yield ok(SECRET, "two secrets, so each event has two signatures; remove the second one once the receiver has")
    else:
        yield ok(SECRET, "one secret signs each event")


def _workers(webs: Path) -> Iterator[Finding]:
    """Yield findings about the worker's folder, where its unit is installed here."""
    own = variable_of_unit(WORKER_UNIT, SPOOL_VARIABLE)
    if own is None:
        return
    if not own or Path(own) == webs:
        text = f"the worker's unit names no folder of its own, and {WORKER} can't write that of the web service"
        hint = f"Environment={SPOOL_VARIABLE}=/var/lib/mamia-sync/webhooks by systemctl edit {WORKER_UNIT}"
        yield fail(SPOOL, f"{text}: it does not start", hint)
        return
    yield from _folder(Path(own), process_user(WORKER), "mamia sync")


def _folder(folder: Path, user: ProcessUser, process: str) -> Iterator[Finding]:
    place = folder if folder.exists() else folder.parent
    owner = f"{user.name}:{user.group}"
    if not place.is_dir():
        text = f"{place} is missing: {process} does not start" if not place.exists() else f"{place} is no folder"
        yield fail(SPOOL, text, f"install -d -o {user.name} -g {user.group} -m 700 {place}")
        return
    closed = [one for one in (place, *(folder / name for name in ("new", "tmp"))) if _is_closed(user, one)]
    if closed:
        text = f"{closed[0]} can't be written by {user.name}: {process} does not start, or events are lost"
        yield fail(SPOOL, text, f"chown -R {owner} {place}")
        return
    if full := check_space(SPOOL, place, "events are lost"):
        yield full
    yield from _waiting(folder)


def _is_closed(user: ProcessUser, path: Path) -> bool:
    return path.exists() and not user.may("wx", path)


def _waiting(folder: Path) -> Iterator[Finding]:
    """Yield findings about events that wait longer than a short outage of the receiver."""
    if (folder / GONE).exists():
        text = f"the receiver answered 410: it wants no events any more, and none is queued in {folder}"
        yield fail(
            SPOOL, text, f"rm {folder / GONE}, or another webhooks.url, then systemctl restart mamia mamia-sync"
        )
        return
    try:
        ages = [time.time() - event.queued_at for event in waiting_in(folder)]
    except OSError:
        ages = []
    late = [age for age in ages if age > MAX_WAIT_SECONDS]
    if late:
        text = f"{len(late)} events wait in {folder} for more than an hour, the oldest for {max(late) / 3600:.0f} h"
        hint = "correct what webhooks.url reports, or start the service; journalctl -u mamia says why events wait"
        yield warn(SPOOL, text, hint)
    else:
        yield ok(SPOOL, f"{len(ages)} events wait in {folder}")
