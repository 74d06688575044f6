"""An NT4-style Samba domain in the same directory: its attributes join the Modify that sets userPassword.

No worker is needed, and nothing can arrive late. The entry must have the class sambaSamAccount with a sambaSID (and
shadowAccount for `posix`), and the gateway's account the rights of `ldif/35-workstation-nt.ldif`. Accounts that are
disabled or locked there (sambaAcctFlags) stay so. Only the NT hash is written, never the broken LM hash. It is MD4
without salt: whoever reads it can log in with it, so nobody but smbd's own account may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from passlib.hash import nthash

from gateway.account.model import Secret

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class SambaNtSettings:
    name: str
    posix: bool = False
    """Also shadowLastChange, for hosts that read shadow accounts from LDAP."""


@dataclass(frozen=True, slots=True)
class SambaNt:
    """`workstation.ports.JoinedTarget`."""

    settings: SambaNtSettings

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def object_classes(self) -> frozenset[str]:
        return frozenset({"sambasamaccount", "shadowaccount"} if self.settings.posix else {"sambasamaccount"})

    def changes(self, password: Secret, now: datetime) -> Mapping[str, Sequence[bytes]]:
        seconds = int(now.timestamp())
        changes = {
            "sambaNTPassword": [nt_hash(password).encode()],
            "sambaPwdLastSet": [str(seconds).encode()],
        }
        if self.settings.posix:
            changes["shadowLastChange"] = [str(seconds // DAY_SECONDS).encode()]
        return changes


def nt_hash(password: Secret) -> str:
    """MD4 of the UTF-16LE password in capital hexadecimals ([MS-NLMP] 3.3.1, NTOWFv1).

    OpenSSL 3 has no MD4; that of libpass is written in Python.
    """
    digest: str = nthash.hash(password.reveal())
    return digest.upper()
