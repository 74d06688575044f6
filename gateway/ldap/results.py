"""Results of LDAP operations (RFC 4511, 4.1.9): their text, and which exception they become."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ldap3.core.results import (
    RESULT_BUSY,
    RESULT_REFERRAL,
    RESULT_SUCCESS,
    RESULT_UNAVAILABLE,
    RESULT_UNWILLING_TO_PERFORM,
)

from gateway.account.errors import DirectoryMisconfigured

RETRYABLE = (RESULT_BUSY, RESULT_UNAVAILABLE)
RETRYABLE_FOR_WRITES = (*RETRYABLE, RESULT_REFERRAL, RESULT_UNWILLING_TO_PERFORM)
"""As replicas and servers set to read-only answer: nothing was written."""

Result = Mapping[str, Any]
"""What ldap3 makes of the answer to one operation: `result` (the code), `description`, `message`, `controls`."""


class ServerUnfit(Exception):
    """A server answered that it won't do this now, and did nothing: another one may."""


def is_success(result: Result) -> bool:
    """Whether the server did the operation."""
    return bool(result["result"] == RESULT_SUCCESS)


def result_text(result: Result) -> str:
    """The name of the result's code and the server's own text, on one line."""
    return " ".join(f"{result['description']} {result['message']}".split())


def require_fit(result: Result, unfit: Collection[int] = RETRYABLE) -> None:
    """Raises ServerUnfit where the code is one of `unfit`."""
    if result["result"] in unfit:
        raise ServerUnfit(result_text(result))


def check_result(
    result: Result,
    what: str = "",
    *,
    accepted: Collection[int] = (RESULT_SUCCESS,),
    unfit: Collection[int] = RETRYABLE,
) -> None:
    """Raises ServerUnfit, or DirectoryMisconfigured with `what` was asked, unless the code is one of `accepted`."""
    require_fit(result, unfit)
    if result["result"] not in accepted:
        raise DirectoryMisconfigured(": ".join(filter(None, (what, result_text(result)))))
