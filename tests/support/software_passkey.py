"""A passkey in software, for tests without a browser: it also answers as no honest authenticator would."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
"""Flags of the authenticator's data (WebAuthn level 3, 6.1)."""
AS_BROWSERS = PRESENT | VERIFIED


@dataclass
class SoftwarePasskey:
    """One passkey (ES256), for the site `rp_id` at `origin`."""

    rp_id: str = "localhost"
    origin: str = "http://localhost"
    counter: int = 1
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def made(self, options: dict[str, Any], flags: int = AS_BROWSERS) -> str:
        """What a browser sends for the options of navigator.credentials.create."""
        data = self._data(flags | ATTESTED) + bytes(16) + struct.pack(">H", len(self._id)) + self._id + self._cose()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def proved(self, options: dict[str, Any], flags: int = AS_BROWSERS, type_: str = "webauthn.get") -> str:
        """What a browser sends for the options of navigator.credentials.get; the counter rises first."""
        if self.counter:
            self.counter += 1
        data, client = self._data(flags), self._client(type_, options["challenge"])
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _cose(self) -> bytes:
        """The public key as COSE has it (RFC 9053, 7.1.1): EC2, ES256, P-256."""
        numbers = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _client(self, type_: str, challenge: str) -> bytes:
        return json.dumps({"type": type_, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        sealed = {name: bytes_to_base64url(value) for name, value in response.items()}
        named = bytes_to_base64url(self._id)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": sealed})
