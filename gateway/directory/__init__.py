"""Access to the academy's OpenLDAP directory through ldap3; no other package builds filters and DNs of people.

`account/` and `web/` do not import it: they know only its interfaces (`account/ports.py`).
"""
