"""The targets that receive people's new passwords. Each type of target has one module and one branch here."""

from __future__ import annotations

from pathlib import Path

from gateway.account.model import Secret
from gateway.settings import ActiveDirectoryTarget, AnyTarget, KerberosTarget, SambaNtTarget, Workstation
from gateway.targets.active_directory import ActiveDirectory
from gateway.targets.domain_connection import ActiveDirectorySettings
from gateway.targets.kerberos import Kerberos, KerberosSettings
from gateway.targets.samba_nt import SambaNt, SambaNtSettings
from gateway.workstation.ports import InlineTarget, Target


def delivered_targets(workstation: Workstation) -> dict[str, Target]:
    """Return the targets to which the worker delivers, by name. Raises OSError if a secret cannot be read."""
    made = {name: delivered_target(name, target) for name, target in workstation.targets.items()}
    return {name: target for name, target in made.items() if target is not None}


def delivered_target(name: str, target: AnyTarget) -> Target | None:
    """Return a target; None if its attributes join the Modify. Raises OSError if its secret cannot be read."""
    if isinstance(target, ActiveDirectoryTarget):
        return _active_directory(name, target)
    if isinstance(target, KerberosTarget):
        return _kerberos(name, target)
    return None


def secret_file(target: AnyTarget) -> Path | None:
    """Return the file of the worker's secret for the target; None for a target in the same directory."""
    if isinstance(target, KerberosTarget):
        return target.keytab_file
    return target.bind_password_file if isinstance(target, ActiveDirectoryTarget) else None


def inline_targets(workstation: Workstation) -> list[InlineTarget]:
    """Return the targets whose attributes join the Modify of the password."""
    return [
        SambaNt(SambaNtSettings(name=name, posix=target.posix))
        for name, target in workstation.targets.items()
        if isinstance(target, SambaNtTarget)
    ]


def _active_directory(name: str, target: ActiveDirectoryTarget) -> Target:
    return ActiveDirectory(
        ActiveDirectorySettings(
            name=name,
            servers=tuple(target.servers),
            ca_file=target.ca_file,
            tls_strict=target.tls_strict,
            bind_dn=target.bind_dn,
            bind_password=Secret(target.bind_password_file.read_text().strip()),
            base=target.base,
            filter=target.filter,
            unlock=target.unlock,
            connect_timeout_seconds=target.connect_timeout_seconds,
            receive_timeout_seconds=target.receive_timeout_seconds,
        )
    )


def _kerberos(name: str, target: KerberosTarget) -> Target:
    return Kerberos(
        KerberosSettings(
            name=name,
            realm=target.realm,
            principal=target.principal,
            admin_principal=target.admin_principal,
            keytab_file=target.keytab_file,
            krb5_conf=target.krb5_conf,
            timeout_seconds=target.timeout_seconds,
        )
    )
