"""`gateway.ldap` under its former address, for `captured.py` alone."""

from gateway.ldap import Entry, entry_of

__all__ = ["Entry", "entry_of"]
