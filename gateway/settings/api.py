"""API clients that may use the services by program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, model_validator

from gateway.settings.protection import Rates
from gateway.settings.types import Section, shaped

Fingerprint = Annotated[str, shaped(r"[0-9a-f]{64}", "a SHA-256 in 64 small hexadecimal digits")]
ClientName = Annotated[str, shaped(r"[a-z][a-z0-9_-]{0,30}", "a name of small letters, digits, - and _")]
ApiService = Literal["policy", "find", "change", "roundcube"]


class ApiClient(Section):
    """One API client: how it proves who it is, what it may do, from where, and how often."""

    token_sha256: list[Fingerprint] = []
    """Of its bearer tokens, as `mamia api-token` prints them; two while one takes the place of the other."""
    certificate_sha256: list[Fingerprint] = []
    """Of its TLS certificates (DER), as `openssl x509 -fingerprint -sha256` has them, without colons."""
    services: Annotated[list[ApiService], Field(min_length=1)]
    addresses: Annotated[list[IPvAnyNetwork], Field(min_length=1)]
    """Networks that it calls from; from elsewhere its token is worth nothing."""
    rate: Rates = "600/5 minutes"
    """In the place of rate_limits.per_address; logins and persons are counted together with the pages' own."""

    @model_validator(mode="after")
    def _can_prove_itself(self) -> ApiClient:
        if not self.token_sha256 and not self.certificate_sha256:
            raise ValueError("has neither token_sha256 nor certificate_sha256: `mamia api-token` makes one")
        return self


class Api(Section):
    """`/api/v1/` for API clients that the academy trusts: they see people's passwords pass. Off without clients."""

    clients: dict[ClientName, ApiClient] = {}
    certificate_header: str = ""
    """In which the proxy hands on the client's certificate: X-SSL-Client-Cert with nginx, Client-Cert (RFC 9440).

    It must put it in the place of whatever a client wrote there itself.
    """
