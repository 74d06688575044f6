"""The code that the helpdesk gives for one reset: how it is made, read as it is typed, and compared.

The directory holds a keyed hash alone, so that neither the web service nor a copy of the directory shows a code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.account.model import Secret

ALPHABET = "23456789CDFGHJKMNPQRTVWX"
"""No 0 O, 1 I L, 5 S, 2 Z, 8 B and U V twice; no vowels, so that a code is no word."""
LENGTH = 10
"""Characters of a code, so 45 bits: 25 tries a day find one in a million of a million of cases."""
_GROUP = 5
_MEANT = str.maketrans("BSZU", "852V")
"""A character that no code has → the one of a code that it looks like."""
_VERSION = "1"


def new_code() -> Secret:
    """Return a new random code."""
    return Secret("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def in_groups(code: Secret) -> str:
    """Return the code as it is told and printed.

    >>> in_groups(Secret("K7PRD2MX9Q"))
    'K7PRD 2MX9Q'
    """
    text = code.reveal()
    return " ".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def read_code(typed: str) -> str:
    """Return the code that was meant: capitals, no blanks or dashes, and no character that codes do not have.

    >>> read_code(" k7prd-zmx9q ")
    'K7PRD2MX9Q'
    """
    return "".join(char for char in typed.upper() if char.isalnum()).translate(_MEANT)


@dataclass(frozen=True, slots=True)
class CodeHashes:
    """Computes what the directory holds of a code, with the secret keys of the web service, newest first.

    A hash names the person by the entry's UUID, so a copy of it in another entry opens nothing. Each method returns a
    hash per key: the first is written, any may be found, since keys are rotated while a code waits.
    """

    keys: Sequence[str] = field(repr=False)
    _derived: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the keys for this purpose alone."""
        derived = (hashlib.blake2b(key.encode(), digest_size=32, person=b"mamia-codes").digest() for key in self.keys)
        object.__setattr__(self, "_derived", tuple(derived))

    def of_code(self, uuid: str, code: str) -> tuple[str, ...]:
        """Return the hashes of an open code, as `read_code` returns it."""
        return self._of("code", uuid, code)

    def of_request(self, uuid: str, agent: str) -> tuple[str, ...]:
        """Return the hashes of a request by `agent` that waits for a second agent."""
        return self._of("request", uuid, agent)

    def of_approval(self, uuid: str, agent: str) -> tuple[str, ...]:
        """Return the hashes of the approval of the request of `agent`."""
        return self._of("approval", uuid, agent)

    def _of(self, kind: str, uuid: str, text: str) -> tuple[str, ...]:
        message = json.dumps([kind, uuid, text]).encode()
        return tuple(self._encoded(hmac.digest(key, message, "sha256")) for key in self._derived)

    @staticmethod
    def _encoded(digest: bytes) -> str:
        return f"{_VERSION};{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
