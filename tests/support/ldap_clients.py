"""People with a workstation, and the commands by which others than the gateway change their passwords."""

from __future__ import annotations

import subprocess
from pathlib import Path

from gateway.account.model import Secret
from gateway.protection.seal import Unsealer, read_private_key
from gateway.workstation.state import DeliveryState, DeliveryStatus, read_state
from tests.support.slapd_server import ADMIN, SlapdServer


class Person:
    """One of the rectorat; `folder` holds the worker's key, which tells what waits."""

    def __init__(self, directory: SlapdServer, folder: Path, login: str, **attributes: str) -> None:
        self.directory, self.folder, self.login = directory, folder, login
        directory.add_person(
            login,
            objectClass=["inetOrgPerson", "posixAccount", "mamiaPerson", "sambaSamAccount"],
            uidNumber="1000", gidNumber="1000", homeDirectory="/", sambaSID="S-1-5-21-1-1000",
            departmentNumber="rectorat",
            **attributes,
        )  # fmt: skip

    @property
    def dn(self) -> str:
        return self.directory.dn(self.login)

    @property
    def states(self) -> dict[str, DeliveryState]:
        return _states(self.directory.read_raw(self.login))

    def status(self, target: str = "domain") -> DeliveryStatus | None:
        """How far that target is; None where it has no state."""
        state = self.states.get(target)
        return state.status if state else None

    def reason(self, target: str = "domain") -> str | None:
        state = self.states.get(target)
        return state.reason if state else None

    def has_waiting(self, password: str) -> bool:
        return self.waiting == password

    @property
    def waiting(self) -> str | None:
        """The password that waits, as the worker reads it; None where none waits.

        State and secret come from one search: whoever delivers may write between two.
        """
        entry = self.directory.read_raw(self.login)
        state, sealed = _states(entry).get("domain"), entry.get("mamiaPendingSecret")
        if state is None or sealed is None:
            return None
        unseal = Unsealer([read_private_key(self.folder / "worker.key")])
        secret = unseal(sealed[0], uuid=entry["entryUUID"][0].decode(), change=state.change)
        assert isinstance(secret, Secret)
        return secret.reveal()

    @property
    def nt_hash(self) -> str:
        return self.directory.read(self.login).get("sambaNTPassword", [""])[0]


def _states(entry: dict[str, list[bytes]]) -> dict[str, DeliveryState]:
    read = (read_state(value.decode()) for value in entry.get("mamiaSyncState", []))
    return {state.target: state for state in read if state}


def ldappasswd(
    directory: SlapdServer, *arguments: str, bind_dn: str = ADMIN, password: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command as an administrator or a person runs it."""
    password_option = ["-w", password] if password else ["-y", str(directory.slapd.password_file("admin"))]
    return subprocess.run(
        ["ldappasswd", "-x", "-H", directory.url, "-D", bind_dn, *password_option, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def announced(person: Person, value: str, *, passed_policy: bool = False) -> bytes:
    """What slapd says of one and the same operation, above its policy or, once that let it pass, below."""
    head = f"MODIFY\nconnid: 7\nmsgid: 2\npeername: PATH=/ldapi\ndn: {person.dn}\n"
    stamp = "replace: pwdChangedTime\npwdChangedTime: 20261125000000Z\n-\n" if passed_policy else ""
    return f"{head}replace: userPassword\nuserPassword: {value}\n-\n{stamp}\n".encode()
