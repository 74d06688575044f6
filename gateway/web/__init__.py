"""Pages, forms and their wording. No LDAP here, and no decision about passwords: the use cases take those."""
