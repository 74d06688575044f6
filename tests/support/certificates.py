"""Certificates for the tests: good ones, and those of an old authority."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.demo.certificates import Certificates, alternative_names, common_name, draft, make_certificates, write

__all__ = ["Certificates", "make_certificates", "make_old_certificates"]


def make_old_certificates(folder: Path, *hosts: str) -> Certificates:
    """As `make_certificates`, by an authority without key usage and with basic constraints that are not critical."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = common_name("An authority of 2009")
    authority = (
        draft(issuer, issuer, authority_key, days=2)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        draft(common_name(hosts[0]), issuer, key, days=2)
        .add_extension(alternative_names(*hosts), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return write(folder, authority, certificate, key)
