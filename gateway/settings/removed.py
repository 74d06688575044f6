"""Settings that were removed, and what replaces them."""

from __future__ import annotations

from collections.abc import Mapping

_TLS = "was removed: a proxy such as nginx with deploy/nginx/mamia.conf ends TLS, and the service listens on loopback"

REMOVED: Mapping[str, str] = {
    "web.tls_certificate_file": _TLS,
    "web.tls_key_file": _TLS,
    "api.client_ca_file": (
        "was removed: the proxy takes clients' certificates and passes them on in api.certificate_header "
        "(the second server of deploy/nginx/mamia.conf)"
    ),
}
"""Former setting → message for an administrator who still sets it."""
