"""The academy's OpenLDAP directory through ldap3: the only package where filters and DNs are written.

It may never be asked about by name from `account/` or `web/`: they know its promises (`account/ports.py`).
"""
