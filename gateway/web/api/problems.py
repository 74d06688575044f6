"""Errors and refusals for API clients, as problems of RFC 9457 with stable codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import g
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, SecurityError

from gateway.account.model import NO_LIMITS, DirectoryLimits
from gateway.account.outcomes import Refusal, Refused
from gateway.account.policy import Rule
from gateway.web.api.schemas import FieldProblem, ProblemBody

MEDIA_TYPE = "application/problem+json"
TYPES = "/api/v1/problems#"

STATUS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The body is not JSON in UTF-8"),
    "foreign_host": (400, "The service is not reached by this name"),
    "unauthenticated": (401, "No known token or certificate"),
    "foreign_address": (403, "This client may not call from this address"),
    "foreign_service": (403, "This client may not use this service"),
    "no_such_address": (404, "There is nothing at this address"),
    "propagation_unknown": (404, "This propagation is not known any more"),
    "method_not_allowed": (405, "This address takes another method"),
    "too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body must be of another media type"),
    "invalid": (422, "Fields are missing, unknown or not valid"),
    "rate_limited": (429, "Too many requests; Retry-After says when to try again"),
    "internal": (500, "A fault of the gateway"),
    "directory_unavailable": (503, "The directory does not answer; nothing was changed"),
    "directory_misconfigured": (503, "The directory refuses the operation to the gateway; nothing was changed"),
    "busy": (503, "Too many requests wait already; nothing was changed; Retry-After says when to try again"),
    "write_unconfirmed": (503, "It is not known whether the directory saved the password"),
    "store_unavailable": (503, "The store of the rate limits cannot be used now; nothing was changed"),
    Refusal.NOT_FOUND: (404, "No account has this name and birth date"),
    Refusal.CREDENTIALS: (403, "Unknown login, wrong password, locked or closed account"),
    Refusal.RULES: (409, "The new password breaks rules of the academy"),
    Refusal.GRANT_VOID: (409, "The password was changed meanwhile, or the account closed"),
    Refusal.IN_HISTORY: (409, "The new password was used before"),
    Refusal.TOO_YOUNG: (409, "The password was changed too short a time ago"),
    Refusal.TOO_SHORT: (409, "The directory wants a longer password"),
    Refusal.TOO_LONG: (409, "The directory wants a shorter password"),
    Refusal.POOR_QUALITY: (409, "The directory wants a password that is harder to guess"),
    Refusal.NOT_CHANGEABLE: (409, "The directory does not allow this person to change the password"),
    Refusal.LOCKED: (409, "The account is locked after wrong passwords, and no new password lifts that lock"),
    Refusal.CHARTER: (409, "The acceptable use policy must be accepted first, on the page that `detail` names"),
    Refusal.DIRECTORY_RULE: (409, "The directory refuses the password and does not say by which rule"),
}
_HTTP = {
    400: "malformed",
    404: "no_such_address",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


@dataclass(eq=False)
class Problem(Exception):
    """An error or refusal that ends a request of an API client.

    `code`: a key of STATUS. `detail`: a sentence for people, which contains nothing that the client sent; if it is
    empty, the answer has the title of the code.
    """

    code: str
    detail: str = ""
    rules: Sequence[Rule] = ()
    faults: Sequence[FieldProblem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    limits: DirectoryLimits = NO_LIMITS

    @property
    def status(self) -> int:
        """Return the HTTP status of the code."""
        return STATUS[self.code][0]

    def answer(self) -> ResponseReturnValue:
        """Return the response, of media type application/problem+json (RFC 9457)."""
        status, title = STATUS[self.code]
        body = ProblemBody(
            type=TYPES + self.code,
            title=title,
            status=status,
            code=self.code,
            detail=self.detail or title,
            request_id=g.get("request_id", ""),
            rules=list(self.rules),
            faults=list(self.faults),
            min_length=self.limits.min_length if self.code == Refusal.TOO_SHORT else None,
            changeable_from=self.limits.changeable_from if self.code == Refusal.TOO_YOUNG else None,
        )
        return body.model_dump_json(), status, {"Content-Type": MEDIA_TYPE, **self.headers}


def of_refused(refused: Refused, sentences: Sequence[str]) -> Problem:
    """Return the problem for a refusal, with its sentences for the person as `detail`."""
    return Problem(refused.code, " ".join(sentences), rules=refused.violations, limits=refused.limits)


def of_http(error: HTTPException) -> Problem:
    """Return the problem for an error that Flask or Werkzeug raised; "internal" for an unexpected status.

    It keeps the header Allow, and nothing else of the error.
    """
    if isinstance(error, SecurityError):
        return Problem("foreign_host")
    kept = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(_HTTP.get(error.code or 500, "internal"), headers=kept)
