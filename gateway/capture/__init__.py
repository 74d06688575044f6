"""Capture of passwords that other LDAP clients change, through slapd's sock overlay."""
