"""LDAP through ldap3 for all packages: connections, operations, entries, and results as exceptions.

It knows no settings, no attribute names and no password policy, so that the academy's directory, a Windows domain and
the demo's servers can all use it. Other packages import from here, not from the modules inside.
"""

from gateway.ldap.connection import (
    VerifyingTls,
    bind,
    bound_connection,
    close,
    error_text,
    new_connection,
    open_connection,
)
from gateway.ldap.dn import first_value, is_below, normal_dn, rdns
from gateway.ldap.entry import Answer, Entry, entry_of, entry_with, raw_values
from gateway.ldap.operations import (
    ANYTHING,
    DECIDED,
    PAGED_RESULTS,
    Changes,
    Control,
    Found,
    Scope,
    add,
    compare,
    find_answer,
    find_entry,
    modify,
    read_entry,
    search,
    search_pages,
    try_search,
)
from gateway.ldap.results import (
    RETRYABLE,
    RETRYABLE_FOR_WRITES,
    Result,
    ServerUnavailable,
    check_result,
    is_success,
    require_fit,
    result_text,
)

__all__ = [
    "ANYTHING",
    "DECIDED",
    "PAGED_RESULTS",
    "RETRYABLE",
    "RETRYABLE_FOR_WRITES",
    "Answer",
    "Changes",
    "Control",
    "Entry",
    "Found",
    "Result",
    "Scope",
    "ServerUnavailable",
    "VerifyingTls",
    "add",
    "bind",
    "bound_connection",
    "check_result",
    "close",
    "compare",
    "entry_of",
    "entry_with",
    "error_text",
    "find_answer",
    "find_entry",
    "first_value",
    "is_below",
    "is_success",
    "modify",
    "new_connection",
    "normal_dn",
    "open_connection",
    "raw_values",
    "rdns",
    "read_entry",
    "require_fit",
    "result_text",
    "search",
    "search_pages",
    "try_search",
]
