"""Codes of authenticator apps: TOTP (RFC 6238), six digits, a new one every 30 seconds."""

from __future__ import annotations

import hmac

import pyotp

from gateway.account.model import Secret

SECONDS = 30
CLOCK_SKEW_STEPS = 1
"""Steps around the present one whose codes are accepted, for phones whose clock is wrong (RFC 6238, 5.2)."""


def new_secret() -> Secret:
    """Return a new shared secret of 160 bits, in base32."""
    return Secret(pyotp.random_base32())


def accepted_step(secret: Secret, typed: str, now: float, after: int) -> int | None:
    """Return the time step whose code was typed; None if it is wrong.

    A code of a step up to `after` was used already and is refused (RFC 6238, 5.2). `now`: seconds since 1970.
    """
    code, generator, present = "".join(typed.split()), pyotp.TOTP(secret.reveal(), interval=SECONDS), int(now)
    found = None
    for skew in range(-CLOCK_SKEW_STEPS, CLOCK_SKEW_STEPS + 1):
        step = present // SECONDS + skew
        is_right = hmac.compare_digest(generator.generate_otp(step).encode(), code.encode())
        if is_right and step > after:
            found = step
    return found


def app_address(secret: Secret, login: str, issuer: str) -> str:
    """Return the otpauth address that an app reads: a secret."""
    return pyotp.TOTP(secret.reveal(), interval=SECONDS).provisioning_uri(name=login, issuer_name=issuer)


def picture(address: str) -> str:
    """Return `address` as a QR code, as an address of the form data: that needs no request of its own."""
    # Only this page needs the package.
    import segno

    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff"))
