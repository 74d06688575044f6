"""Password policies of a test's own, beside those of `ldif/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ldap

from tests.support.slapd_server import POLICIES, SlapdServer

DATABASE = "olcDatabase={1}mdb,cn=config"


@contextmanager
def own_policy(directory: SlapdServer, name: str, **attributes: str) -> Iterator[str]:
    """Until the block ends, there is a policy `cn=name`: everybody's, but for `attributes`. Gives its DN."""
    dn = f"cn={name},{POLICIES}"
    with directory.as_admin() as line:
        policy = {**line.read_s(f"cn=default,{POLICIES}"), "cn": [name.encode()]}
        policy.update({attribute: [value.encode()] for attribute, value in attributes.items()})
        line.add_s(dn, list(policy.items()))
    try:
        yield dn
    finally:
        with directory.as_admin() as line:
            line.delete_s(dn)


class RecordedLogins(SlapdServer):
    """A directory that writes pwdLastSuccess at each bind."""

    def __init__(self, state: Path, **arguments: Any) -> None:
        super().__init__(state, **arguments)
        with self.as_admin("cn=config") as line:
            line.modify_s(DATABASE, [(ldap.MOD_REPLACE, "olcLastBind", [b"TRUE"])])
