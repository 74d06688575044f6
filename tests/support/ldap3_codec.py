"""What ldap3 itself writes and reads: the measure for the directory's own codec."""

from __future__ import annotations

from typing import Any

from ldap3 import Connection, Server
from ldap3.protocol.convert import build_controls_list
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.utils.asn1 import decode_message_fast, encode  # type: ignore[attr-defined]

_STRATEGY = Connection(Server("127.0.0.1"), client_strategy="SAFE_SYNC", check_names=False).strategy


def encoded(number: int, name: str, request: Any, controls: Any = None) -> bytes:
    """The message of a request; `name` is one of RFC 4511's, such as modifyRequest."""
    message = LDAPMessage()
    message["messageID"] = MessageID(number)
    message["protocolOp"] = ProtocolOp().setComponentByName(name, request)
    if controls:
        message["controls"] = build_controls_list(controls)
    return bytes(encode(message))


def decoded(data: bytes) -> dict[str, Any]:
    """An answer, without the values that nobody here uses: those of an entry as text."""
    answer: dict[str, Any] = _STRATEGY.decode_response_fast(decode_message_fast(data))
    answer.pop("attributes", None)
    return plain(answer)


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with ordinary dictionaries, which compare the case of names too."""
    made = dict(answer)
    if "raw_attributes" in made:
        made["raw_attributes"] = dict(made["raw_attributes"])
    for control in made.get("controls", {}).values():
        if isinstance(control["value"], dict) and "result" in control["value"]:
            control["value"] = {"result": dict(control["value"]["result"])}
    return made
