"""The caller of a service, and the entry point of the request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntryPoint(StrEnum):
    """Where a request can come in."""

    PAGE = "page"
    API = "api"
    WEBMAIL = "webmail"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Caller:
    """The facts of one request that rate limits, audit and notifications need; unknown facts are empty."""

    entry_point: EntryPoint
    address: str = ""
    agent: str = ""
    """A short hash of the User-Agent header."""
    request_id: str = ""
    api_client: str = ""
    """The name of the API client, in the settings."""
    language: str = ""
    """The language of the answer, as a code such as "fr"."""
    operator: str = ""
    """The system user who runs a command, or the agent of the helpdesk who acts on a page."""

    def audit_facts(self) -> dict[str, str]:
        """Return what the audit records of every request; the audit leaves out empty values."""
        return {
            "client": self.api_client,
            "request": self.request_id,
            "address": self.address,
            "agent": self.agent,
            "operator": self.operator,
        }

    def log_prefix(self, service: str) -> str:
        """Return the name of `service` in log lines: "change" for a page, "api: change" for an API client."""
        if self.entry_point is EntryPoint.WEBMAIL:
            return "api: roundcube"
        return f"api: {service}" if self.entry_point is EntryPoint.API else service
