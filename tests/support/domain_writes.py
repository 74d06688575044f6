"""How often something was written in the domain, which its final value does not show."""

from __future__ import annotations

from gateway.demo.private_samba import PEOPLE, REALM, PrivateSamba
from gateway.ldap import bound_connection, read_entry
from gateway.tls import verifying_context

KEY_VERSION = "msDS-KeyVersionNumber"
"""The version of the password's attribute ([MS-ADTS] 3.1.1.4.5.16): each write raises it by one, one of the same
password too."""


def password_writes(domain: PrivateSamba, login: str) -> int:
    """Return how often the password of an account below OU=People was set."""
    administrator, secret = f"Administrator@{REALM.lower()}", domain.password("Administrator")
    with bound_connection(domain.url, administrator, secret, tls=verifying_context(domain.authority)) as connection:
        entry = read_entry(connection, f"CN={login},{PEOPLE}", [KEY_VERSION])
    assert entry, f"{login} is not in the domain"
    return int(entry.first(KEY_VERSION))
