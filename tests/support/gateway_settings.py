"""Settings as an academy writes them, on the servers of the tests."""

from __future__ import annotations

import secrets
from typing import Any

from gateway.settings import Settings
from tests.support.slapd_server import PEOPLE, POLICIES, SUFFIX, SlapdServer

SERVICES = f"ou=services,{SUFFIX}"
IMPATIENT = {"connect_timeout_seconds": 3, "receive_timeout_seconds": 3}
"""In [directory], for tests of a directory that hangs."""


def settings_for(server: SlapdServer, /, **sections: dict[str, Any]) -> Settings:
    """Settings as an academy writes them, CAPTCHA off; `sections` add to them."""
    table: dict[str, dict[str, Any]] = {
        "directory": {
            "servers": [server.url],
            "bind_dn": f"cn=gateway,{SERVICES}",
            "bind_password": server.slapd.password("gateway"),
            "decoy_dn": f"cn=decoy,{SERVICES}",
            "default_policy": f"cn=default,{POLICIES}",
            # A busy machine must not pass for a directory that hangs.
            "connect_timeout_seconds": 30,
            "receive_timeout_seconds": 30,
            # The hashes of these directories are quick. Tests of answer times start `mamia serve` with its default.
            "min_refusal_seconds": 0.05,
        },
        "people": {"base": PEOPLE},
        "captcha": {"required": []},
        "reset": {"initial_policy": f"cn=initial,{POLICIES}"},
        "web": {"secret_keys": [secrets.token_urlsafe(48)], "secure_cookies": False},
    }
    for name, values in sections.items():
        table[name] = {**table.get(name, {}), **values}
    return Settings.model_validate(table)
