"""Settings for the directories that `mamia setup` meets, and what it needs besides."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from gateway.settings import Settings
from gateway.setup import Access, Applied, Login, Options, Plan, apply, open_access, survey_and_plan
from tests.support import supann_slapd
from tests.support.plain_slapd import PlainSlapd
from tests.support.slapd_server import QUICK_HASH

PASSWORDS = {name: SecretStr(f"{name}-Passe-2024") for name in ("gateway", "sync", "decoy", "capture", "helpdesk")}
WORKSTATION = {
    "targets": {
        "windows": {
            "type": "active_directory",
            "servers": ["ldaps://dc1.ad.ac-example.fr"],
            "bind_dn": "svc@ad.ac-example.fr",
            "bind_password_file": "/etc/mamia/domain.password",
            "base": "ou=staff,dc=ad,dc=ac-example,dc=fr",
        }
    },
    "public_key_file": "/etc/mamia/public.key",
}
CLASS_FOR = "(objectClass=inetOrgPerson)"
"""Who gets our class, in Options."""
SUPANN = {
    "login": "supannAliasLogin",
    "filter": "(eduPersonAffiliation=staff)",
    "birth_name": "supannNomDeNaissance",
    "given_name": "supannPrenomsEtatCivil",
    "mail": "supannMailPro",
    "birth_date": "supannOIDCDatedeNaissance",
    "birth_date_format": "%Y-%m-%d",
    "proofs": {"numen": {"attribute": "supannRefId", "prefix": "{NUMEN}"}},
}


def answers(server: PlainSlapd, services: str = "services", /, **sections: dict[str, Any]) -> Settings:
    """Settings as somebody answers for this directory; `sections` add to them."""
    base = f"ou={services},{server.suffix}"
    table: dict[str, dict[str, Any]] = {
        "directory": {
            "servers": [server.url],
            "bind_dn": f"cn=gateway,{base}",
            "bind_password": PASSWORDS["gateway"].get_secret_value(),
            "decoy_dn": f"cn=decoy,{base}",
        },
        "people": {"base": server.people, "protected_groups": [f"cn=protected,ou=groups,{server.suffix}"]},
        "workstation": {
            **WORKSTATION,
            "bind_dn": f"cn=sync,{base}",
            "bind_password_file": "/etc/mamia/sync.password",
        },
        "captcha": {"required": []},
        "web": {"secret_keys": [secrets.token_urlsafe(48)], "secure_cookies": False},
    }
    for name, values in sections.items():
        table[name] = {**table.get(name, {}), **values}
    return Settings.model_validate(table)


def supann_people(server: PlainSlapd) -> dict[str, Any]:
    """[people] for a `SupannSlapd`."""
    groups = [f"cn=admins,{supann_slapd.GROUPS}"]
    return {**SUPANN, "base": server.people, "password_stamp": "", "protected_groups": groups}


@contextmanager
def administrator(server: PlainSlapd) -> Iterator[Access]:
    """Connections as `mamia setup` opens them: root for cn=config, the administrator for the entries."""
    login = Login(server.admin_dn, SecretStr(server.slapd.password("admin")))
    with open_access(server.ldapi_url, data_login=login) as access:
        yield access


def planned(server: PlainSlapd, settings: Settings, **options: Any) -> Plan:
    with administrator(server) as access:
        return survey_and_plan(settings, access, Options(argon2=QUICK_HASH, **options))[1]


def set_up(server: PlainSlapd, settings: Settings, undo_folder: Path, **options: Any) -> Applied:
    """Plan and apply at once."""
    with administrator(server) as access:
        plan = survey_and_plan(settings, access, Options(argon2=QUICK_HASH, **options))[1]
        return apply(plan, access, undo_folder, PASSWORDS)
