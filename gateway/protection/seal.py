"""Sealing of passwords for the worker with libsodium's sealed box (X25519, XSalsa20-Poly1305).

Anybody with the public key can seal and cannot read; only the worker has the private key. The sealed text names the
entry and the change that it was made for, so a copy in another entry, or an old one put back, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from gateway.account.model import Secret
from gateway.workstation.model import Reason

KEY_ID_BYTES = 8


class KeyFileError(Exception):
    """A key file cannot be used. The text says which one, why, and how to fix it."""


class Sealer:
    """The web process's part: it can seal, and never read."""

    def __init__(self, public_key: PublicKey) -> None:
        self._box = SealedBox(public_key)
        self._key_id = _key_id(public_key)

    def seal(self, password: Secret, *, uuid: str, change: str) -> bytes:
        """Return the id of the key (8 bytes) followed by the sealed box."""
        text = json.dumps({"entry": uuid, "change": change, "password": password.reveal()})
        return self._key_id + self._box.encrypt(text.encode())


class Unsealer:
    """The worker's part. Several private keys open what was sealed before a key rotation."""

    def __init__(self, private_keys: Sequence[PrivateKey]) -> None:
        self._boxes = {_key_id(key.public_key): SealedBox(key) for key in private_keys}

    def __call__(self, sealed: bytes, *, uuid: str, change: str) -> Secret | Reason:
        """Return the password, or the reason why it cannot be read or is not for this entry and change."""
        box = self._boxes.get(sealed[:KEY_ID_BYTES])
        if box is None:
            return Reason.UNREADABLE
        try:
            held = json.loads(box.decrypt(sealed[KEY_ID_BYTES:]))
        except (CryptoError, ValueError):
            return Reason.NOT_FOR_THIS_ENTRY
        if (held["entry"], held["change"]) != (uuid, change):
            return Reason.NOT_FOR_THIS_ENTRY
        return Secret(held["password"])


def make_key_pair(private_file: Path, public_file: Path) -> None:
    """Write a new key pair; only the owner can read the private key.

    Raises KeyFileError instead of overwriting a file.
    """
    private, public = new_key_pair()
    _write_new(private_file, private, 0o600)
    _write_new(public_file, public, 0o644)


def new_key_pair() -> tuple[bytes, bytes]:
    """Return the content of the private and of the public file of a new key pair."""
    key = PrivateKey.generate()
    return _encoded(bytes(key)), _encoded(bytes(key.public_key))


def _encoded(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


def read_public_key(file: Path) -> PublicKey:
    """Read a public key. Raises KeyFileError."""
    return PublicKey(_read(file))


def read_private_key(file: Path) -> PrivateKey:
    """Read a private key. Raises KeyFileError, also if other users can read the file."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror}") from None
    # The group may read: orchestrators provide files owned by root, with the group of the service.
    if mode & 0o027:
        raise KeyFileError(f"{file} can be read by others, or written by its group: chmod 600 {file}")
    return PrivateKey(_read(file))


def _read(file: Path) -> bytes:
    try:
        key = base64.b64decode(file.read_text(encoding="ascii").strip(), validate=True)
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror}; `mamia keygen` makes a pair") from None
    except (UnicodeDecodeError, binascii.Error):
        raise KeyFileError(f"{file} is not a key of `mamia keygen`") from None
    if len(key) != 32:
        raise KeyFileError(f"{file} is not a key of `mamia keygen`")
    return key


def _write_new(file: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise KeyFileError(f"{file} exists already: passwords may wait for it; choose another name") from None
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as stream:
        # Whatever the administrator's umask: the web service must be able to read the public key.
        os.fchmod(descriptor, mode)
        stream.write(content)


def _key_id(key: PublicKey) -> bytes:
    return hashlib.blake2b(bytes(key), digest_size=KEY_ID_BYTES).digest()
