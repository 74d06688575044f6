"""The Assertion control (RFC 4528): the server does a write only where a filter holds for the entry."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from ldap3.operation.search import compile_filter, parse_filter
from ldap3.utils.conv import escape_filter_chars
from pyasn1.codec.ber import encoder

from gateway.directory import ppolicy

OID = "1.3.6.1.1.12"


def assertion(filter_: str) -> tuple[str, bool, bytes]:
    """The control for `filter_`, critical: a server that does not know it refuses the write.

    The answer is assertionFailed (122) where the filter is false, and also where the account that writes has no
    search right on one of its attributes.
    """
    parsed = parse_filter(filter_, None, False, False, None, False)
    return OID, True, bytes(encoder.encode(compile_filter(parsed.elements[0])))


OPEN = f"(!(|({ppolicy.LOCKED_AT}<={ppolicy.END_OF_YEAR_0})({ppolicy.LOCKED_AT}={ppolicy.EPOCH})))"
"""A filter that holds while no administrator has closed the account: a write of the password would open it."""


def same_password(stamp: str) -> str:
    """A filter that holds while pwdChangedTime is `stamp` (empty: absent) and the account is open.

    Not by entryCSN: each wrong password that a stranger tries changes it.
    """
    changed_at = f"({ppolicy.CHANGED_AT}={escape_filter_chars(stamp)})" if stamp else f"(!({ppolicy.CHANGED_AT}=*))"
    return f"(&{changed_at}{OPEN})"


def outlast_second(stamp: str) -> None:
    """Wait for the end of the second that `stamp` names, a second at most.

    A write within that second would leave the stamp as it is, and every other ticket for this password would stay
    good. The clocks of gateway and directory must agree for it, as for much else.
    """
    changed_at = ppolicy.read_time(stamp)
    if changed_at is None:
        return
    seconds = (changed_at + timedelta(seconds=1) - datetime.now(UTC)).total_seconds()
    if 0 < seconds <= 1:
        time.sleep(seconds)
