"""MA-MAMIA: the web gateway between the staff of an academy and its LDAP directory."""

__version__ = "1.0.0"
