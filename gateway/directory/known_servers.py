"""Check that all servers of the settings are OpenLDAP."""

from __future__ import annotations

import logging

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.directory.connection import connect
from gateway.directory.server_support import UnsupportedServer
from gateway.ldap import close, error_text
from gateway.settings import Directory

log = logging.getLogger(__name__)


def refuse_other_servers(directory: Directory) -> None:
    """Connect to each server and replica once. Raises UnsupportedServer for the first one that is another product.

    A server that does not answer is logged: it is checked again whenever a connection to it is opened.
    """
    for url in (*directory.servers, *directory.read_servers):
        try:
            close(connect(url, directory, as_service=True))
        except UnsupportedServer:
            raise
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            log.warning("%s: it will be checked later whether it is OpenLDAP: %s", url, error_text(error))
