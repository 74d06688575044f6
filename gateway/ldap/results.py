"""Results of LDAP operations (RFC 4511, 4.1.9): their text, and which exceptions they become."""

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
"""Results of replicas and of servers set to read-only; nothing was written."""

Result = Mapping[str, Any]
"""ldap3's result of one operation: `result` (the code), `description`, `message`, `controls`."""


class ServerUnavailable(Exception):
    """A server answered that it will not do the operation now, and did nothing. Another server may do it."""


def is_success(result: Result) -> bool:
    """Return whether the server did the operation."""
    return bool(result["result"] == RESULT_SUCCESS)


def result_text(result: Result) -> str:
    """Return the name of the result code and the server's message, on one line."""
    return " ".join(f"{result['description']} {result['message']}".split())


def require_fit(result: Result, unfit: Collection[int] = RETRYABLE) -> None:
    """Raise ServerUnavailable if the result code is in `unfit`."""
    if result["result"] in unfit:
        raise ServerUnavailable(result_text(result))


def check_result(
    result: Result,
    what: str = "",
    *,
    accepted: Collection[int] = (RESULT_SUCCESS,),
    unfit: Collection[int] = RETRYABLE,
) -> None:
    """Raise ServerUnavailable, or DirectoryMisconfigured with the text `what`, unless the code is in `accepted`."""
    require_fit(result, unfit)
    if result["result"] not in accepted:
        raise DirectoryMisconfigured(": ".join(filter(None, (what, result_text(result)))))
