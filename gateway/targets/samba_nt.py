"""A target: an NT4-style Samba domain in the same directory, whose attributes join the Modify of userPassword.

No worker is needed, and nothing can arrive late. The entry must have the class sambaSamAccount with a sambaSID (and
shadowAccount for `posix`), and the gateway's account needs the rights of `ldif/35-workstation-nt.ldif`. Accounts that
are disabled or locked in the domain (sambaAcctFlags) stay so. Only the NT hash is written, never the broken LM hash.
The NT hash is MD4 without salt: a reader can log in with it, so only the account of smbd may read it.
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
    """One section `[workstation.targets.<name>]` of the settings."""

    name: str
    posix: bool = False
    """Whether to write shadowLastChange too, for hosts that read shadow accounts from LDAP."""


@dataclass(frozen=True, slots=True)
class SambaNt:
    """A `workstation.ports.InlineTarget` that is an NT4-style domain."""

    settings: SambaNtSettings

    @property
    def name(self) -> str:
        """As in the settings."""
        return self.settings.name

    @property
    def object_classes(self) -> frozenset[str]:
        """The classes that an entry must have to be an account there, in lower case."""
        return frozenset({"sambasamaccount", "shadowaccount"} if self.settings.posix else {"sambasamaccount"})

    def changes(self, password: Secret, now: datetime) -> Mapping[str, Sequence[bytes]]:
        """Return the attributes to replace at `now` (UTC): sambaPwdLastSet in seconds, shadowLastChange in days."""
        seconds = int(now.timestamp())
        changes = {
            "sambaNTPassword": [nt_hash(password).encode()],
            "sambaPwdLastSet": [str(seconds).encode()],
        }
        if self.settings.posix:
            changes["shadowLastChange"] = [str(seconds // DAY_SECONDS).encode()]
        return changes


def nt_hash(password: Secret) -> str:
    """Return MD4 of the UTF-16LE password in upper-case hexadecimal digits ([MS-NLMP] 3.3.1, NTOWFv1).

    OpenSSL 3 has no MD4; that of libpass is written in Python.
    """
    digest: str = nthash.hash(password.reveal())
    return digest.upper()
