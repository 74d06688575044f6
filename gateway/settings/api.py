"""Settings of the HTTP API and of the API clients that may call it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, model_validator

from gateway.settings.protection import Rates
from gateway.settings.types import Section, shaped

Fingerprint = Annotated[str, shaped(r"[0-9a-f]{64}", "a SHA-256 in 64 small hexadecimal digits")]
ClientName = Annotated[str, shaped(r"[a-z][a-z0-9_-]{0,30}", "a name of small letters, digits, - and _")]
ApiService = Literal["policy", "find", "change", "roundcube"]


class ApiClient(Section):
    """One API client: how it authenticates, what it may do, from which addresses, and how often."""

    token_sha256: list[Fingerprint] = []
    """SHA-256 of each of the client's bearer tokens, as `mamia api-token` prints it. Give two while one token
    replaces the other."""
    certificate_sha256: list[Fingerprint] = []
    """SHA-256 of each of the client's TLS certificates (DER), as `openssl x509 -fingerprint -sha256` prints it,
    without colons and in lower case."""
    services: Annotated[list[ApiService], Field(min_length=1)]
    """Operations that the client may call; all others are refused. Give each client only what it needs."""
    addresses: Annotated[list[IPvAnyNetwork], Field(min_length=1)]
    """Networks from which the client calls, such as 10.1.2.0/24. A call from another address is refused, even with
    the right token."""
    rate: Rates = "600/5 minutes"
    """Rate limit of this client, which replaces `rate_limits.per_address`. Attempts on logins and persons are counted
    together with those of the pages."""

    @model_validator(mode="after")
    def _can_prove_itself(self) -> ApiClient:
        if not self.token_sha256 and not self.certificate_sha256:
            raise ValueError("has neither token_sha256 nor certificate_sha256: `mamia api-token` makes one")
        return self


class Api(Section):
    """The HTTP API `/api/v1/` for API clients that the academy trusts, because people's passwords pass through them.

    The API is off while no client is set.
    """

    clients: dict[ClientName, ApiClient] = {}
    """API clients by name. The name appears in the audit; it has lower-case letters, digits, - and _."""
    certificate_header: str = ""
    """Header in which the proxy passes on the client's TLS certificate: X-SSL-Client-Cert with nginx, Client-Cert
    (RFC 9440). The proxy must overwrite this header in each request; otherwise a client could send a certificate that
    is not its own."""
