"""Sections of a settings file for the worker and for targets that nobody serves."""

from __future__ import annotations

from pathlib import Path

from gateway.protection.seal import make_key_pair
from tests.support.slapd_server import SUFFIX, SlapdServer

ABSENT_DOMAIN = """
[workstation.targets.domain]
type = "kerberos"
realm = "EXAMPLE.TEST"
admin_principal = "gateway/admin"
keytab_file = "/nowhere"
krb5_conf = "/nowhere"
"""
"""A target that no server answers for, so that what is sent there waits."""


def worker_section(folder: Path, directory: SlapdServer) -> str:
    """Make the worker's keys and password file in `folder`; return the section [workstation] that names them."""
    make_key_pair(folder / "worker.key", folder / "worker.pub")
    (folder / "sync").write_text(directory.slapd.password("sync"))
    return f"""
[workstation]
public_key_file = "{folder}/worker.pub"
private_key_files = ["{folder}/worker.key"]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
bind_password_file = "{folder}/sync"
"""
