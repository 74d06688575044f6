"""A slapd that speaks TLS and has a Unix socket."""

from __future__ import annotations

from pathlib import Path

from gateway.demo.private_slapd import HASH_COST
from tests.support.certificates import make_certificates
from tests.support.ports import free_port
from tests.support.slapd_server import SlapdServer


class SecuredSlapd(SlapdServer):
    """Its certificate is for localhost and not for 127.0.0.1; its files are in `folder`."""

    def __init__(self, folder: Path, *, certificate_days: int = 365, hash_cost: str = HASH_COST) -> None:
        made = make_certificates(folder, "localhost", days=certificate_days)
        port, socket = free_port(), str(folder / "socket").replace("/", "%2F")
        self.ldaps = f"ldaps://localhost:{port}"
        self.ldapi = f"ldapi://{socket}"
        self.authority = made.authority
        """The file of the certificate authority that its clients trust."""
        tls = "\n".join(
            (
                f"olcTLSCertificateFile: {made.certificate}",
                f"olcTLSCertificateKeyFile: {made.key}",
                f"olcTLSCACertificateFile: {made.authority}",
            )
        )
        more_urls = (f"ldaps://127.0.0.1:{port}/", self.ldapi)
        super().__init__(folder / "state", tls=tls, more_urls=more_urls, hash_cost=hash_cost)
