"""The receiver of the demo's webhooks: each event that the services send lies in a folder, a file per event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http import HTTPStatus
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from gateway.demo.local_http import post_server
from gateway.demo.numbered_files import NumberedFiles
from gateway.notifications.webhook_secrets import read_secrets


@contextmanager
def event_receiver(folder: Path, secret_file: Path, tell: Callable[[str, str, Path], None]) -> Iterator[str]:
    """Verify events and keep them in `folder`; yield the URL. `tell` gets type, login and file of each."""
    [secret] = read_secrets(secret_file).texts
    files, known = NumberedFiles(folder), set[str]()

    def take(headers: Message, body: bytes) -> HTTPStatus:
        try:
            event = Webhook(secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):
            return HTTPStatus.BAD_REQUEST
        # An event may come twice: its id stays the same.
        if (id_ := str(headers["webhook-id"])) not in known:
            known.add(id_)
            kind, login = event["type"], event["data"]["login"]
            tell(kind, login, files.add(f"{kind}-{login}", ".json", json.dumps(event, indent=2) + "\n"))
        return HTTPStatus.NO_CONTENT

    with post_server("events", take) as url:
        yield url
