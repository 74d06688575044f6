"""Authentication of API clients: by bearer token (RFC 6750) or TLS certificate, from permitted addresses only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from dataclasses import dataclass
from urllib.parse import unquote

from flask import request

from gateway.protection.rate_limiting.addresses import is_within
from gateway.services.api_access import ApiAccess
from gateway.services.caller import Caller, EntryPoint
from gateway.settings import Api, ApiClient, ApiService
from gateway.web import client_info
from gateway.web.api.problems import Problem

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Client:
    """An API client of the settings, with its name there."""

    name: str
    settings: ApiClient


class Clients:
    """Finds out which API client calls, and what it may do."""

    def __init__(self, api: Api, access: ApiAccess) -> None:
        self._api = api
        self._access = access
        clients = [Client(name, settings) for name, settings in api.clients.items()]
        self._by_token = {digest: client for client in clients for digest in client.settings.token_sha256}
        self._by_certificate = {digest: client for client in clients for digest in client.settings.certificate_sha256}

    def admit(self, service: ApiService, entry_point: EntryPoint = EntryPoint.API) -> Caller:
        """Return the facts of the API client that calls `service`. Raises Problem if it may not, and Outage.

        A token has 256 random bits, so its digest needs neither a salt nor a slow hash, and the time of the lookup
        reveals nothing.
        """
        client = self._by_token.get(_digest(_token())) or self._by_certificate.get(_digest(self._certificate()))
        if client is None:
            problem = Problem("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
            raise self._turned_away(service, entry_point, UNKNOWN, problem)
        if not is_within(client_info.address(), client.settings.addresses):
            raise self._turned_away(service, entry_point, client.name, Problem("foreign_address"))
        if service not in client.settings.services:
            raise self._turned_away(service, entry_point, client.name, Problem("foreign_service"))
        return client_info.caller(entry_point, client.name)

    def _turned_away(self, service: str, entry_point: EntryPoint, name: str, problem: Problem) -> Problem:
        """Record the refusal, and return the problem to answer with: "rate_limited" after too many refusals."""
        limited = self._access.turn_away(client_info.caller(entry_point), name, problem.code, service)
        if limited:
            return Problem("rate_limited", headers={"Retry-After": str(limited.retry_after_seconds)})
        return problem

    def _certificate(self) -> bytes:
        """Return the certificate (DER) that the client presented to us or to our proxy; empty if there is none."""
        if header := self._api.certificate_header:
            return (
                read_certificate_header(request.headers.get(header, ""))
                if request.environ.get(client_info.PROXIED)
                else b""
            )
        connection = request.environ.get("gunicorn.socket")
        return (connection.getpeercert(binary_form=True) or b"") if isinstance(connection, ssl.SSLSocket) else b""


def _token() -> bytes:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode() if kind.lower() == "bearer" else b""


def _digest(proof: bytes) -> str:
    return hashlib.sha256(proof).hexdigest() if proof else ""


def read_certificate_header(text: str) -> bytes:
    """Return the certificate in a proxy's header as DER; empty if the header is empty or malformed.

    It is `:base64:` as in RFC 9440, or percent-encoded PEM as in nginx's $ssl_client_escaped_cert.
    """
    try:
        if text.startswith(":"):
            return base64.b64decode(text.strip(":"), validate=True)
        return ssl.PEM_cert_to_DER_cert(unquote(text).strip()) if text else b""
    except (binascii.Error, ValueError):
        return b""
