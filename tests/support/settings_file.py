"""Settings as an academy writes them, for commands that run as processes of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.support.slapd_server import PEOPLE, SUFFIX, SlapdServer


def write_settings_file(
    folder: Path,
    directory: SlapdServer,
    *,
    servers: Sequence[str] = (),
    in_web: str = "",
    in_people: str = "",
    more: str = "",
) -> Path:
    """`folder`/mamia.toml for a process bound as the gateway; the rest is added to its sections or the end."""
    (folder / "gateway").write_text(directory.slapd.password("gateway"))
    file = folder / "mamia.toml"
    # Many services run on this machine at once; those whose test is about it name a port of their own.
    health = "" if "health_port" in in_web else "health_port = 0"
    file.write_text(f"""
[directory]
servers = {json.dumps(list(servers or (directory.url,)))}
bind_dn = "cn=gateway,ou=services,{SUFFIX}"
bind_password_file = "{folder}/gateway"
decoy_dn = "cn=decoy,ou=services,{SUFFIX}"
default_policy = "cn=default,ou=policies,{SUFFIX}"
# A busy machine must not pass for a directory that hangs.
connect_timeout_seconds = 30
receive_timeout_seconds = 30

[people]
base = "{PEOPLE}"
{in_people}
[web]
secret_keys = ["0123456789abcdefghijklmnopqrstuvwxyz"]
{health}
{in_web}
{more}""")
    return file
