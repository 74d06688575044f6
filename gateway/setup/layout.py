"""Where in a directory our entries are, and who reads it as a replica."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldap3.utils.dn import parse_dn

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.setup.survey import Survey


@dataclass(frozen=True, slots=True)
class Layout:
    """DNs that the settings name, or that follow from them."""

    suffix: str
    database_dn: str
    """As olcDatabase={1}mdb,cn=config."""
    services_base: str
    """DN above the gateway's account."""
    policies_base: str
    groups_base: str
    protected_group: str
    gateway_dn: str
    decoy_dn: str
    sync_dn: str = ""
    """"" where no worker is set."""
    capture_dn: str = ""
    default_policy: str = ""
    services_policy: str = ""
    decoy_policy: str = ""
    replica_readers: tuple[str, ...] = ()

    @property
    def accounts(self) -> dict[str, str]:
        """Return name → DN of our accounts."""
        named = {
            "gateway": self.gateway_dn,
            "sync": self.sync_dn,
            "decoy": self.decoy_dn,
            "capture": self.capture_dn,
        }
        return {name: dn for name, dn in named.items() if dn}


def layout_of(settings: Settings, survey: Survey, replica_readers: tuple[str, ...] = ()) -> Layout:
    """Return where everything is, or will be, in the surveyed directory.

    Raises ValueError with a sentence if no database of the server holds `people.base`.
    """
    database = survey.database_of(settings.people.base)
    if database is None:
        suffixes = ", ".join(survey.suffixes) or "none"
        raise ValueError(
            f"no database of {survey.url} holds people.base {settings.people.base}; its suffixes: {suffixes}"
        )
    suffix = next(one for one in database.suffixes if settings.people.base.lower().endswith(one.lower()))
    present = survey.default_policy(database)
    policies = (
        parent(settings.directory.default_policy or settings.reset.initial_policy or present)
        or f"ou=policies,{suffix}"
    )
    groups = settings.people.protected_groups
    protected = groups[0] if groups else f"cn=protected,ou=groups,{suffix}"
    readers = (*replica_readers, *(one.bind_dn for one in database.replications if one.bind_dn))
    return Layout(
        suffix,
        database.dn,
        parent(settings.directory.bind_dn),
        policies,
        parent(protected),
        protected,
        settings.directory.bind_dn,
        settings.directory.decoy_dn,
        sync_dn=settings.workstation.bind_dn or "",
        capture_dn=settings.capture.bind_dn or "",
        default_policy=present or settings.directory.default_policy or f"cn=default,{policies}",
        services_policy=f"cn=services,{policies}",
        decoy_policy=f"cn=decoy,{policies}",
        replica_readers=tuple(dict.fromkeys(readers)),
    )


def parent(dn: str | None) -> str:
    """Return the DN above `dn`; "" for none."""
    parts = parse_dn(dn or "", strip=True) if dn else []
    return ",".join(f"{name}={value}" for name, value, _ in parts[1:])
