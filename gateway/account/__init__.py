"""Use cases of a person's account, with the standard library only: no Flask, no LDAP, no settings."""
