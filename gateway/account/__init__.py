"""What a person can do. Standard library only: no Flask, no LDAP, no settings."""
