"""The entry of `gateway.ldap` under its former name, for `capture_outbox.py` only."""

from gateway.ldap import Entry, entry_of

__all__ = ["Entry", "entry_of"]
