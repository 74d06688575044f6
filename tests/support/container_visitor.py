"""Somebody who visits the site of the containers, from this machine or from another network namespace.

    python -m tests.support.container_visitor HOST PORT CERTIFICATE SOURCE SURNAME…

connects from the address SOURCE, looks for people of these names one after the other, and prints the status of each
answer. It ends at the first refusal because of a rate limit.
"""

from __future__ import annotations

import sys
from typing import Any

from requests.adapters import HTTPAdapter

from tests.support.site_visitor import SiteVisitor

SITE = "mon-compte.ac-example.fr"
LIMITED = 429


class _ByAddress(HTTPAdapter):
    """The certificate is verified for the name of the site, whatever address the connection goes to."""

    def __init__(self, source: str = "") -> None:
        """`source`: the address that connections come from; "" for any."""
        self._more: dict[str, Any] = {"assert_hostname": SITE, "server_hostname": SITE}
        if source:
            self._more["source_address"] = (source, 0)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **{**options, **self._more})


def visitor(host: str, port: int, certificate: str, source: str = "") -> SiteVisitor:
    """Return a visitor whose connections go to this address; it trusts the self-signed `certificate` alone."""
    made = SiteVisitor(f"https://{host}:{port}", SITE, certificate)
    made.session.mount("https://", _ByAddress(source))
    return made


def main(host: str, port: str, certificate: str, source: str, *surnames: str) -> None:
    """Do what this file's first lines say."""
    somebody = visitor(host, int(port), certificate, source)
    for surname in surnames:
        status = somebody.find(surname, "François", "27/03/1985").status
        print(status)  # noqa: T201
        if status == LIMITED:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
