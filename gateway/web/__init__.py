"""Pages, forms, their texts, and the API. No LDAP, and no decision about passwords: the use cases decide."""
