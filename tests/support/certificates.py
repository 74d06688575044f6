"""Certificates for the tests: good ones, and those of an old authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.demo.certificates import (
    NO_USAGE,
    Certificates,
    alternative_names,
    common_name,
    draft,
    make_certificates,
    write,
)

__all__ = ["Certificates", "make_certificates", "make_old_certificates", "make_untimely_certificates"]


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


def make_untimely_certificates(
    folder: Path, host: str, *, days: int = 365, authority_days: int = 365, starts_in_days: int = -2
) -> Certificates:
    """As `make_certificates`, with ends of their own and a beginning: days from now, also before now."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = common_name(f"An authority for {authority_days} days")
    now = datetime.now(UTC)

    def dated(
        subject: x509.Name, public_key: ec.EllipticCurvePublicKey, first: int, last: int
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=first))
            .not_valid_after(now + timedelta(days=last))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
        )

    authority = (
        dated(issuer, authority_key.public_key(), -3, authority_days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**NO_USAGE, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        dated(common_name(host), key.public_key(), starts_in_days, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**NO_USAGE, "digital_signature": True}), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False)
        .add_extension(alternative_names(host), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return write(folder, authority, certificate, key)
