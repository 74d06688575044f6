"""Why a TLS connection failed, from the text of the exception, and the fix that works for each reason."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass

from gateway.tls import refusal


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, as the end of a sentence about the server, and how to fix it."""

    text: str
    hint: str


_HANDSHAKES = (
    (
        r"WRONG_VERSION_NUMBER|wrong version number|record layer failure|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL",
        "answers without TLS at this port",
        "the port at which it speaks TLS, or turn TLS on there",
    ),
    (
        (
            r"UNSUPPORTED_PROTOCOL|unsupported protocol|TLSV1_ALERT_PROTOCOL_VERSION|alert protocol version|"
            r"VERSION_TOO_LOW"
        ),
        "speaks only TLS 1.1 or older",
        "turn TLS 1.2 or 1.3 on there; this machine's OpenSSL refuses older versions",
    ),
    (
        r"HANDSHAKE_FAILURE|handshake failure|NO_SHARED_CIPHER|DH_KEY_TOO_SMALL|dh key too small",
        "has no cipher in common with this machine",
        "turn TLS 1.2 or 1.3 with current ciphers on there (ECDHE with AES-GCM)",
    ),
    (
        r"CERTIFICATE_REQUIRED|certificate required",
        "asks this machine for a certificate of its own",
        "let it accept clients without a certificate",
    ),
)
"""What an ssl.SSLError contains → what the server does, and the fix."""


def handshake_trouble(text: str) -> Trouble | None:
    """Return what a failed handshake means; None for a refused certificate and for other errors."""
    if refusal(text):
        return None
    return next((Trouble(what, hint) for pattern, what, hint in _HANDSHAKES if re.search(pattern, text)), None)


def connection_trouble(error: BaseException, host: str, port: int) -> Trouble:
    """Return why no connection to `host` came about: unknown name, refused, no answer, no way, no TLS."""
    where = f"{host}:{port}"
    if isinstance(error, ssl.SSLError) and (trouble := handshake_trouble(str(error))):
        return Trouble(f"{where} {trouble.text}", trouble.hint)
    if isinstance(error, UnicodeError):
        return Trouble(
            f"{host} is no host name", "correct the name: no empty part, and 63 characters between two dots"
        )
    if isinstance(error, socket.gaierror):
        return Trouble(f"the name {host} is unknown", f"correct the name, or add it to the DNS: getent hosts {host}")
    if isinstance(error, ConnectionRefusedError):
        return Trouble(f"no program listens at {where}", "start it there, or correct the port")
    if isinstance(error, TimeoutError):
        return Trouble(
            f"{where} does not answer in time", "is the machine up, and does a firewall let this one through?"
        )
    if isinstance(error, ConnectionResetError | BrokenPipeError) or "EOF" in str(error):
        return Trouble(
            f"{where} closes the connection at once", "read the log there: it refuses this machine, or expects TLS"
        )
    reason = getattr(error, "strerror", None) or type(error).__name__
    return Trouble(f"{where} can't be reached: {reason}", f"the route to {host}, and its port {port}")
