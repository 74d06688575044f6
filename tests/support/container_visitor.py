"""Somebody who visits the site of the containers, from this machine or from another network namespace.

    python -m tests.support.container_visitor HOST PORT CERTIFICATE

finds an account there, and prints the status of the answer.
"""

from __future__ import annotations

import sys
from typing import Any

from requests.adapters import HTTPAdapter

from tests.support.site_visitor import SiteVisitor

SITE = "mon-compte.ac-example.fr"


class _ByAddress(HTTPAdapter):
    """The certificate is verified for the name of the site, whatever address the connection goes to."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, assert_hostname=SITE, server_hostname=SITE)


def visitor(host: str, port: int, certificate: str) -> SiteVisitor:
    """Return a visitor whose connections go to this address; it trusts the self-signed `certificate` alone."""
    made = SiteVisitor(f"https://{host}:{port}", SITE, certificate)
    made.session.mount("https://", _ByAddress())
    return made


if __name__ == "__main__":
    page = visitor(sys.argv[1], int(sys.argv[2]), sys.argv[3]).find("Durand", "François", "27/03/1985")
    print(page.status)  # noqa: T201
