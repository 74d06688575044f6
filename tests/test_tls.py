"""The versions and ciphers of connections to other servers are the same on every system."""

from __future__ import annotations

import ssl

from gateway.tls import verifying_context


def test_when_a_context_is_made_then_old_versions_are_refused() -> None:
    assert verifying_context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_when_a_context_is_made_then_every_cipher_has_forward_secrecy_and_no_sha1() -> None:
    ciphers = verifying_context().get_ciphers()

    assert ciphers
    # Those of TLS 1.3 agree on a key by themselves.
    assert {one["kea"] for one in ciphers} <= {"kx-ecdhe", "kx-dhe", "kx-any"}
    assert "sha1" not in {one["digest"] for one in ciphers}
