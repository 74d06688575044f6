"""Whose passwords go to which workstations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from gateway.settings.types import Dn, Filter, Section, Text, check_server, shaped


class TargetRules(Section):
    """A domain's own rules, as `mamia check` reads them there: the pages then ask for as much."""

    min_length: Annotated[int, Field(ge=0, le=64)] = 0
    complexity: bool = False
    """Three kinds of characters at least."""


class ActiveDirectoryTarget(Section):
    """A Windows domain: unicodePwd over LDAPS, by an account with the delegated right to reset passwords."""

    type: Literal["active_directory"]
    label: str = ""
    """What the pages call it; "Poste de travail Windows" where nothing is said."""
    servers: Annotated[list[str], Field(min_length=1)]
    """ldaps:// URLs of domain controllers, in order of preference."""
    ca_file: Path | None = None
    tls_strict: bool = True
    """As `directory.tls_strict`, for the domain's certificates."""
    bind_dn: Text
    """Such as svc-gateway@ad.ac-example.fr."""
    bind_password_file: Path
    base: Dn
    filter: Filter = "(&(objectClass=user)(sAMAccountName={login}))"
    rules: TargetRules = TargetRules()
    unlock: bool = False
    """Also lift the domain's lock-out; the account then needs the right to write lockoutTime."""
    connect_timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 3
    receive_timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 10

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
        """Whether logins are sAMAccountNames there, which are short."""
        return "(samaccountname=" in self.filter.lower()


class SambaNtTarget(Section):
    """An NT4-style Samba domain in this same directory: attributes written together with userPassword."""

    type: Literal["samba_nt"]
    label: str = ""
    """What the pages call it; "Poste de travail Windows" where nothing is said."""
    posix: bool = False
    """Also shadowLastChange, for hosts that read shadow accounts from LDAP."""


class KerberosTarget(Section):
    """A Kerberos realm of MIT's, through its administration server."""

    type: Literal["kerberos"]
    label: str = ""
    """What the pages call it; "Poste de travail Windows" where nothing is said."""
    realm: Text
    principal: Annotated[
        str,
        shaped(
            r"[A-Za-z0-9._-]*\{login\}[A-Za-z0-9._-]*(/(?!admin$|root$)[A-Za-z0-9._-]+)?",
            'a principal without realm that holds {login}, such as "{login}", and is no administrator (…/admin)',
        ),
    ] = "{login}"
    rules: TargetRules = TargetRules()
    admin_principal: Text
    keytab_file: Path
    krb5_conf: Path
    timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 10


AnyTarget = Annotated[ActiveDirectoryTarget | SambaNtTarget | KerberosTarget, Field(discriminator="type")]
TargetName = Annotated[str, shaped(r"[a-z][a-z0-9_-]{0,30}", "a name of small letters, digits, - and _")]


class Workstation(Section):
    """Who has a workstation account, and where their passwords go. Without targets nothing is sealed."""

    targets: dict[TargetName, AnyTarget] = {}
    filter: Filter = "(departmentNumber=rectorat)"
    """Which people have a workstation."""
    public_key_file: Annotated[Path | None, Field(validate_default=True)] = None
    """For the web process, made by `mamia keygen`; not needed where all targets are samba_nt."""
    private_key_files: list[Path] = []
    """For the worker alone: the web process's user must not be able to read them. Newest first."""
    bind_dn: Dn | None = None
    """The worker's account in the directory."""
    bind_password_file: Path | None = None
    state_folder: Path | None = None
    """Where the worker keeps a number by which it notices that the directory was restored from a backup
    (docs/restore.md); made if it is missing. Without one it notices that only while it runs."""
    poll_seconds: Annotated[float, Field(ge=0.05, le=60)] = 0.25
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0
    """How long a worker may stand still before another takes over; twice a target's time limits at least."""
    retry_hours: Annotated[float, Field(gt=0)] = 72.0

    @property
    def delivers(self) -> bool:
        """Whether any target needs the worker."""
        return any(target.type != "samba_nt" for target in self.targets.values())

    @field_validator("public_key_file")
    @classmethod
    def _needed_by_targets(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        targets = info.data.get("targets", {})
        if file is None and any(target.type != "samba_nt" for target in targets.values()):
            raise ValueError("is missing: passwords for the targets are sealed with it; `mamia keygen` makes one")
        return file
