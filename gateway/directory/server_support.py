"""Detection of the LDAP server's product; the gateway supports OpenLDAP only.

Other servers accept the same requests and do something else: Active Directory stores a password in plain text in
userPassword, 389 Directory Server drops pwdReset silently.
"""

from __future__ import annotations

from ldap3 import Connection

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import Entry, read_entry

ROOT_DSE = ""
OPENLDAP = "openldaprootdse"
ACTIVE_DIRECTORY = frozenset({"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"})
"""Values of supportedCapabilities ([MS-ADTS] 3.1.1.3.4.3) of a domain controller, Samba's too, and of AD LDS."""
MAX_NAME_CHARS = 80


class UnsupportedServer(DirectoryMisconfigured):
    """The server reports that it is another product than OpenLDAP."""


def refuse_other_products(connection: Connection, url: str) -> None:
    """Raise UnsupportedServer if the server is another product.

    A server that does not report its product is accepted.
    """
    root = read_entry(connection, ROOT_DSE, ["objectClass", "vendorName", "vendorVersion", "supportedCapabilities"])
    if root and (product := other_product(root)):
        raise UnsupportedServer(f"{url} is {product}: the directory must be OpenLDAP with the overlay ppolicy")


def other_product(root: Entry) -> str:
    """Return the name of another product, from its root DSE (RFC 4512, 5.1; vendorName: RFC 3045).

    Returns "" for OpenLDAP, and if the root DSE names no product. OpenLDAP has its own object class there and no
    vendor.
    """
    if _is_openldap(root):
        return ""
    if ACTIVE_DIRECTORY & set(root.all("supportedCapabilities")):
        return " ".join(filter(None, ("Active Directory", _vendor(root))))
    return _vendor(root)


def is_openldap(connection: Connection) -> bool:
    """Return whether the server reports that it is OpenLDAP."""
    root = read_entry(connection, ROOT_DSE, ["objectClass"])
    return root is not None and _is_openldap(root)


def _is_openldap(root: Entry) -> bool:
    return OPENLDAP in (name.lower() for name in root.all("objectClass"))


def _vendor(root: Entry) -> str:
    """Return name and version in a form that is safe in a log line."""
    text = " ".join(filter(None, (root.first("vendorName"), root.first("vendorVersion"))))
    return "".join(char for char in text if char.isprintable())[:MAX_NAME_CHARS]
