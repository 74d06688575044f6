"""Settings of the workstations: who has one, and to which targets their passwords go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from gateway.settings.types import Dn, Filter, Section, Text, check_server, shaped


class TargetRules(Section):
    """Password rules of a domain, as `mamia check` reads them there. The pages then require the same of everybody."""

    min_length: Annotated[int, Field(ge=0, le=64)] = 0
    """Minimum length that the domain requires, in characters; 0: none."""
    complexity: bool = False
    """Require at least three kinds of characters, as Windows does with its complexity rule."""


class ActiveDirectoryTarget(Section):
    """A Windows domain.

    The worker writes unicodePwd over LDAPS with an account that has the delegated right to reset passwords.
    """

    type: Literal["active_directory"]
    """Kind of the target; it decides which other keys the table may have."""
    label: str = ""
    """Name of the target on the pages; the default is "Poste de travail Windows"."""
    servers: Annotated[list[str], Field(min_length=1)]
    """ldaps:// URLs of domain controllers, in order of preference."""
    ca_file: Path | None = None
    """PEM file of the certificate authorities that are trusted for the domain controllers. Without it the system's
    authorities are trusted."""
    tls_strict: bool = True
    """As `directory.tls_strict`, for the domain's certificates."""
    bind_dn: Text
    """Account with the right to reset passwords, such as svc-gateway@ad.ac-example.fr."""
    bind_password_file: Path
    """File with the password of `bind_dn`; its first line is read."""
    base: Dn
    """DN of the subtree in which accounts are searched."""
    filter: Filter = "(&(objectClass=user)(sAMAccountName={login}))"
    """LDAP filter that finds a person's account. It must contain {login}, which is replaced by the login."""
    rules: TargetRules = TargetRules()
    """The domain's password rules; `mamia check` reports what to write here."""
    unlock: bool = False
    """Also lift the domain's lock-out. The account then needs the right to write lockoutTime."""
    connect_timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 3
    """Seconds to wait for a connection to one domain controller, before the next one is tried."""
    receive_timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 10
    """Seconds to wait for the answer to one operation."""

    @field_validator("filter")
    @classmethod
    def _asks_for_the_login(cls, filter_: str) -> str:
        if "{login}" not in filter_:
            raise ValueError("does not hold {login}: it would find the same account for everybody")
        return filter_

    @field_validator("servers")
    @classmethod
    def _only_ldaps(cls, servers: list[str]) -> list[str]:
        for server in servers:
            if urlsplit(server).scheme != "ldaps":
                raise ValueError(f"{server} is not an ldaps:// URL: a domain takes passwords over nothing else")
            check_server(server, may_be_clear=False)
        return servers

    @property
    def has_account_names(self) -> bool:
        """Return whether logins are sAMAccountNames in the domain, which have at most 20 characters."""
        return "(samaccountname=" in self.filter.lower()


class SambaNtTarget(Section):
    """An NT4-style Samba domain in the same directory. Its attributes are written together with userPassword."""

    type: Literal["samba_nt"]
    """Kind of the target; it decides which other keys the table may have."""
    label: str = ""
    """Name of the target on the pages; the default is "Poste de travail Windows"."""
    posix: bool = False
    """Also write shadowLastChange, for hosts that read shadow accounts from LDAP."""


class KerberosTarget(Section):
    """A realm of MIT Kerberos. The worker uses its administration server (kadmind)."""

    type: Literal["kerberos"]
    """Kind of the target; it decides which other keys the table may have."""
    label: str = ""
    """Name of the target on the pages; the default is "Poste de travail Windows"."""
    realm: Text
    """Name of the realm, such as AC-EXAMPLE.FR."""
    principal: Annotated[
        str,
        shaped(
            r"[A-Za-z0-9._-]*\{login\}[A-Za-z0-9._-]*(/(?!admin$|root$)[A-Za-z0-9._-]+)?",
            'a principal without realm that holds {login}, such as "{login}", and is no administrator (…/admin)',
        ),
    ] = "{login}"
    """Principal of a person, without realm. It must contain {login}, which is replaced by the login, and must not be
    an administrator's (…/admin)."""
    rules: TargetRules = TargetRules()
    """The realm's password rules, which apply on the pages too."""
    admin_principal: Text
    """Principal of the worker, which needs the right to change passwords (kadm5.acl)."""
    keytab_file: Path
    """Keytab of `admin_principal`. Only the worker's user should be able to read it."""
    krb5_conf: Path
    """krb5.conf(5) that names the realm's servers."""
    timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 10
    """Seconds to wait for the administration server, per password."""


AnyTarget = Annotated[ActiveDirectoryTarget | SambaNtTarget | KerberosTarget, Field(discriminator="type")]
TargetName = Annotated[str, shaped(r"[a-z][a-z0-9_-]{0,30}", "a name of small letters, digits, - and _")]


class Workstation(Section):
    """Who has a workstation account, and to which targets their passwords go.

    Without targets, no password is sealed for delivery.
    """

    targets: dict[TargetName, AnyTarget] = {}
    """Targets by name. The name is part of the state that is stored in the directory, so do not change it later."""
    filter: Filter = "(departmentNumber=rectorat)"
    """LDAP filter that selects the people who have a workstation."""
    public_key_file: Annotated[Path | None, Field(validate_default=True)] = None
    """Public key for the web service, made by `mamia keygen`. Not needed if all targets are samba_nt."""
    private_key_files: list[Path] = []
    """Private keys for the worker, newest first. The user of the web service must not be able to read them."""
    bind_dn: Dn | None = None
    """DN of the worker's account in the directory."""
    bind_password_file: Path | None = None
    """File with the password of `bind_dn`; its first line is read."""
    state_folder: Path | None = None
    """Folder in which the worker keeps a number that shows whether the directory was restored from a backup
    (docs/restore.md). It is made if it is missing. Without it the worker notices a restore only while it runs."""
    poll_seconds: Annotated[float, Field(ge=0.05, le=60)] = 0.25
    """Seconds between two searches for passwords to deliver. Increase it to reduce the load on the directory."""
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0
    """Seconds after which another worker may take over a delivery that has stopped. It must be at least twice the
    time limits of a target."""
    retry_hours: Annotated[float, Field(gt=0)] = 72.0
    """Hours after which the worker stops trying to deliver a password."""

    @property
    def delivers(self) -> bool:
        """Return whether any target needs the worker."""
        return any(target.type != "samba_nt" for target in self.targets.values())

    @field_validator("public_key_file")
    @classmethod
    def _needed_by_targets(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        targets = info.data.get("targets", {})
        if file is None and any(target.type != "samba_nt" for target in targets.values()):
            raise ValueError("is missing: passwords for the targets are sealed with it; `mamia keygen` makes one")
        return file
