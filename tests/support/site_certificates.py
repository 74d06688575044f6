"""Certificates of a site as public authorities issue them: by an intermediate authority."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.demo.certificates import Certificates, alternative_names, common_name, write


def make_chain(folder: Path, host: str, *, days: int = 90, sends_intermediate: bool = True) -> Certificates:
    """Write a certificate for `host` that ends in `days`, with or without the one between it and the authority."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root_name, middle_name = (
        common_name(f"A public authority {secrets.token_hex(4)}"),
        common_name("Its intermediate"),
    )
    root = _draft(root_name, root_name, root_key, 3650, ca=True).sign(root_key, hashes.SHA256())
    middle = _draft(middle_name, root_name, middle_key, 3650, ca=True).sign(root_key, hashes.SHA256())
    leaf = _draft(common_name(host), middle_name, key, days, ca=False)
    leaf = leaf.add_extension(alternative_names(host), critical=False)
    made = write(folder, root, leaf.sign(middle_key, hashes.SHA256()), key)
    if sends_intermediate:
        with made.certificate.open("ab") as file:
            file.write(middle.public_bytes(Encoding.PEM))
    return made


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, *, ca: bool
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
