"""The secrets that sign webhooks (Standard Webhooks): `whsec_` and base64, one per line, the newest first."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from gateway.notifications.errors import WebhooksUnusable

PREFIX = "whsec_"
SECRET_BYTES = 32
MIN_BYTES, MAX_BYTES = 24, 64
"""Standard Webhooks, "Signature scheme"."""
MAX_SECRETS = 2
OTHERS = 0o027
"""What nobody but owner and group may do, and the group may not write."""


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """The secrets of one receiver, which no representation shows."""

    texts: tuple[str, ...] = field(repr=False)


def new_secret() -> str:
    """Return a new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def write_secret(file: Path) -> None:
    """Write a new secret for owner and group alone. Raises WebhooksUnusable instead of overwriting a file."""
    mode = 0o640
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise WebhooksUnusable(f"{file} exists already: choose another name") from None
    except OSError as error:
        raise WebhooksUnusable(f"{file}: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        # Whatever the administrator's umask: web service and worker read it by their common group.
        os.fchmod(descriptor, mode)
        stream.write(f"{new_secret()}\n")


def read_secrets(file: Path) -> WebhookSecrets:
    """Read one secret or two. Raises WebhooksUnusable, also if other users can read the file."""
    try:
        if file.stat().st_mode & OTHERS:
            raise WebhooksUnusable(f"{file} can be read by others, or written by its group: chmod 640 {file}")
        lines = file.read_text(encoding="ascii").split("\n")
    except OSError as error:
        raise WebhooksUnusable(f"{file}: {error.strerror}; `mamia keygen --webhook` makes one") from None
    except UnicodeDecodeError:
        raise WebhooksUnusable(f"{file} holds no secret of `mamia keygen --webhook`") from None
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise WebhooksUnusable(f"{file} is empty; `mamia keygen --webhook` makes a secret")
    if len(found) > MAX_SECRETS:
        raise WebhooksUnusable(f"{file} has {len(found)} lines: keep the newest secret, and one before it")
    for number, text in enumerate(found, start=1):
        if not _is_secret(text):
            raise WebhooksUnusable(f"{file}, line {number}: no secret of `mamia keygen --webhook`")
    return WebhookSecrets(tuple(found))


def _is_secret(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return False
    return text.startswith(PREFIX) and MIN_BYTES <= len(key) <= MAX_BYTES
