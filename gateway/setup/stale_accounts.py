"""Which of our accounts the directory refuses with the password that this machine keeps."""

from __future__ import annotations

from collections.abc import Mapping

from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_INVALID_CREDENTIALS
from pydantic import SecretStr

from gateway.ldap import bind, close, new_connection, open_connection, read_entry
from gateway.settings import Settings
from gateway.setup.directory_side import DirectorySide


def refused_accounts(side: DirectorySide, settings: Settings, passwords: Mapping[str, SecretStr]) -> set[str]:
    """Return the names (gateway, sync, helpdesk …) of accounts that exist and refuse their password.

    An account whose policy locks it is tried once per run.
    """
    dns = {
        "gateway": settings.directory.bind_dn,
        "sync": settings.workstation.bind_dn,
        "capture": settings.capture.bind_dn,
        "helpdesk": settings.helpdesk.bind_dn,
        "reminders": settings.reminders.bind_dn,
    }
    return {
        name
        for name, dn in dns.items()
        if dn and name in passwords and _exists(side, dn) and _is_refused(side, dn, passwords[name])
    }


def _exists(side: DirectorySide, dn: str) -> bool:
    return read_entry(side.access.data, dn, ["1.1"]) is not None


def _is_refused(side: DirectorySide, dn: str, password: SecretStr) -> bool:
    connection = new_connection(side.url, user=dn, password=password.get_secret_value(), tls=side.tls)
    try:
        open_connection(connection)
        return bool(bind(connection)["result"] == RESULT_INVALID_CREDENTIALS)
    except (LDAPException, OSError):
        return False
    finally:
        close(connection)
