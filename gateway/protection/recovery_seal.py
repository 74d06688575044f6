"""Seals of recovery methods: XChaCha20-Poly1305 over JSON, bound to the entry whose method it is.

A copy of the directory shows neither addresses nor shared secrets, and a value that is copied into another entry
cannot be opened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from gateway.account.model import Secret
from gateway.account.recovery import RecoveryKind, RecoveryMethod

VERSION = b"\x01"
"""The first byte of a value. Another version would be another form of the JSON, or another cipher."""


class RecoverySeals:
    """Seals methods and opens them. The first of `keys` seals, all of them open, so that keys can be rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._boxes = [
            Aead(hashlib.blake2b(key.encode(), digest_size=32, person=b"mamia-recovery").digest()) for key in keys
        ]

    def seal(self, method: RecoveryMethod, uuid: str) -> bytes:
        """Return the value that the directory stores for the entry with this entryUUID."""
        return VERSION + bytes(self._boxes[0].encrypt(json.dumps(_fields(method)).encode(), uuid.encode()))

    def open(self, value: bytes, uuid: str) -> RecoveryMethod | None:
        """Return the method in `value`; None if no key opens it, or if it was sealed for another entry."""
        if value[:1] == VERSION:
            for box in self._boxes:
                try:
                    return _method(json.loads(box.decrypt(value[1:], uuid.encode())))
                except (CryptoError, ValueError, KeyError, TypeError):
                    continue
        return None

    def is_current(self, value: bytes, uuid: str) -> bool:
        """Return whether the newest key sealed `value`."""
        try:
            self._boxes[0].decrypt(value[1:], uuid.encode())
        except (CryptoError, ValueError):
            return False
        return True


def _fields(method: RecoveryMethod) -> dict[str, Any]:
    fields = {
        "id": method.id,
        "kind": method.kind.value,
        "name": method.name,
        "added": int(method.added_at.timestamp()),
        "used": method.used_at and int(method.used_at.timestamp()),
        "address": method.address,
        "secret": method.secret.reveal() if method.secret else "",
        "credential": method.credential,
        "key": method.public_key,
        "counter": method.counter,
    }
    return {name: value for name, value in fields.items() if value}


def _method(fields: dict[str, Any]) -> RecoveryMethod:
    used, secret = fields.get("used"), fields.get("secret")
    return RecoveryMethod(
        id=fields["id"],
        kind=RecoveryKind(fields["kind"]),
        name=fields.get("name", ""),
        added_at=datetime.fromtimestamp(fields["added"], UTC),
        used_at=datetime.fromtimestamp(used, UTC) if used else None,
        address=fields.get("address", ""),
        secret=Secret(secret) if secret else None,
        credential=fields.get("credential", ""),
        public_key=fields.get("key", ""),
        counter=fields.get("counter", 0),
    )
