"""Seals of recovery methods: XChaCha20-Poly1305 over JSON, bound to the entry whose method it is.

A copy of the directory shows neither addresses nor shared secrets, and a value that is copied into another entry
cannot be opened.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from gateway.account.model import Secret
from gateway.account.recovery import MAX_ADDRESS_CHARS, MAX_ID_CHARS, MAX_NAME_CHARS, RecoveryKind, RecoveryMethod

VERSION = b"\x01"
"""The first byte of a value. Another version would be another form of the JSON, or another cipher."""
MAX_NUMBER = 1 << 63
MAX_SECONDS = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp())
BASE32 = re.compile(r"(?:[A-Z2-7]{8}){1,16}")
"""A shared secret as `protection/totp.py` makes it: 160 bits are 32 characters."""
BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,4})")


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
        """Return the method in `value`.

        None if no key opens it, if it was sealed for another entry, or if it describes no method that can be used.
        """
        if value[:1] == VERSION:
            for box in self._boxes:
                try:
                    return _method(json.loads(box.decrypt(value[1:], uuid.encode())))
                except (CryptoError, ValueError, KeyError, TypeError, RecursionError):
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


def _method(fields: object) -> RecoveryMethod:
    """Return the method that the JSON describes. Raises ValueError, KeyError if nobody could use or show it.

    Such a method then counts as one that no key opens: its owner can remove it.
    """
    if not isinstance(fields, dict):
        raise ValueError("no object")
    used = fields.get("used")
    secret = _text(fields, "secret")
    method = RecoveryMethod(
        id=_text(fields, "id"),
        kind=RecoveryKind(fields["kind"]),
        name=_text(fields, "name")[:MAX_NAME_CHARS],
        added_at=_moment(fields["added"]),
        used_at=None if used is None else _moment(used),
        address=_text(fields, "address"),
        secret=Secret(secret) if secret else None,
        credential=_text(fields, "credential"),
        public_key=_text(fields, "key"),
        counter=_number(fields.get("counter", 0)),
    )
    if not (0 < len(method.id) <= MAX_ID_CHARS and _is_usable(method)):
        raise ValueError("nothing of use")
    return method


def _is_usable(method: RecoveryMethod) -> bool:
    """Return whether the method has what its kind needs."""
    match method.kind:
        case RecoveryKind.MAIL | RecoveryKind.MOBILE:
            return 0 < len(method.address) <= MAX_ADDRESS_CHARS
        case RecoveryKind.TOTP:
            return method.secret is not None and bool(BASE32.fullmatch(method.secret.reveal()))
        case RecoveryKind.PASSKEY:
            return all(BASE64URL.fullmatch(text) for text in (method.credential, method.public_key))


def _text(fields: dict[str, object], name: str) -> str:
    text = fields.get(name, "")
    if not isinstance(text, str):
        raise ValueError("no text")
    # JSON can hold halves of characters, which no page and no message can. Raises UnicodeEncodeError.
    text.encode()
    return text


def _number(number: object) -> int:
    if type(number) is not int or not 0 <= number < MAX_NUMBER:
        raise ValueError("no number")
    return number


def _moment(seconds: object) -> datetime:
    """Return a time that can be shown in every time zone, and to which a duration can be added."""
    number = _number(seconds)
    if number > MAX_SECONDS:
        raise ValueError("no time")
    return datetime.fromtimestamp(number, UTC)
