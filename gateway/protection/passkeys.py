"""Passkeys (WebAuthn level 3): what a browser is asked for, and whether its answer is right.

A passkey is discoverable, so the question is the same for every login and does not say who has one.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.account.recovery import NewPasskey, PasskeyRefusal, RecoveryMethod

log = logging.getLogger(__name__)
T = TypeVar("T")

SECONDS = 300
"""How long a browser waits for the person."""


@dataclass(frozen=True, slots=True)
class Passkeys:
    """Asks for passkeys of one site, and verifies answers."""

    rp_id: str
    rp_name: str
    origin: str

    def creation(self, challenge: str, login: str, uuid: str, present: Sequence[RecoveryMethod]) -> dict[str, Any]:
        """Return the options of navigator.credentials.create. `present`: passkeys that exist already.

        The handle of the person is a hash, because authenticators show and sync it.
        """
        options = generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self.rp_name,
            user_name=login,
            user_id=hashlib.blake2b(uuid.encode(), digest_size=32, person=b"mamia-passkey").digest(),
            challenge=base64url_to_bytes(challenge),
            timeout=1000 * SECONDS,
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential)) for one in present
            ],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return options_to_json_dict(options)

    def question(self, challenge: str) -> dict[str, Any]:
        """Return the options of navigator.credentials.get: the same for every login."""
        options = generate_authentication_options(
            rp_id=self.rp_id,
            challenge=base64url_to_bytes(challenge),
            timeout=1000 * SECONDS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def created(self, answer: str, challenge: str) -> NewPasskey | None:
        """Return the passkey that the browser made; None if it is not one of this site for this challenge."""
        made = _or_none(
            lambda: verify_registration_response(
                credential=answer,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        )
        if made is None:
            return None
        return NewPasskey(
            bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key), made.sign_count
        )

    def verify(self, answer: str, challenge: str, method: RecoveryMethod) -> int | PasskeyRefusal:
        """Return the passkey's new counter if it signed the challenge for this site, with the person verified."""
        counter = self._counter(answer, challenge, method)
        if counter is None:
            return PasskeyRefusal.WRONG
        # Passkeys that are synchronised have no counter: it is always 0 (WebAuthn 3, 6.1.1).
        return counter if counter > method.counter or counter == method.counter == 0 else PasskeyRefusal.CLONED

    def _counter(self, answer: str, challenge: str, method: RecoveryMethod) -> int | None:
        """Return the counter of a right signature. The package is told that the last one was -1: we compare it."""
        verified = _or_none(
            lambda: verify_authentication_response(
                credential=answer,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=base64url_to_bytes(method.public_key),
                credential_current_sign_count=-1,
                require_user_verification=True,
            )
        )
        return verified.new_sign_count if verified else None


def _or_none(verify: Callable[[], T]) -> T | None:
    """Return the result of `verify`; None if it raises.

    Parsers of JSON, CBOR, COSE, ASN.1 and certificates read what a stranger sent, and each raises exceptions of its
    own: whatever they raise is a refusal. Its text is not logged, because it may hold what was sent.
    """
    try:
        return verify()
    except Exception as error:
        log.debug("an answer about a passkey was refused: %s", type(error).__name__)
        return None
