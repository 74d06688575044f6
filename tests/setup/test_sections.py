"""Each combination of [helpdesk], [recovery], [charter] and [reminders]: by hand, by setup, and switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ldap
import pytest
from pydantic import SecretStr

from gateway.checks.finding import Finding, Level
from gateway.checks.helpdesk import check_helpdesk
from gateway.checks.reminders import check_reminders
from gateway.checks.rights import check_rights
from gateway.checks.schema import check_schema
from gateway.demo import private_slapd
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Settings
from gateway.setup import Access, Login, Options, Plan, apply, difference, open_access, survey_and_plan
from tests.support.gateway_settings import settings_for
from tests.support.setup_answers import WORKSTATION
from tests.support.slapd_server import ADMIN, QUICK_HASH, SUFFIX, LdapConnection, SlapdServer

FILES = {
    "helpdesk": ("44-helpdesk.ldif", "71-helpdesk-account.ldif"),
    "recovery": ("42-recoverable.ldif", "48-recovery.ldif"),
    "charter": ("41-charter.ldif", "42-recoverable.ldif"),
    "reminders": ("49-reminders.ldif", "72-reminders-account.ldif"),
}
"""Section → its files of `ldif/`, without the schema, which is for all of them."""
SCHEMA = "schema/mamia-recovery.ldif"
EXTRAS = {SCHEMA, "35-workstation-nt.ldif", *(name for names in FILES.values() for name in names)}
COMBINATIONS = [
    frozenset(name for name, is_on in zip(FILES, chosen, strict=True) if is_on)
    for chosen in product((False, True), repeat=len(FILES))
]
NAMES = [" ".join(sorted(one)) or "none" for one in COMBINATIONS]
VALUES = {
    "mamiaResetCode": "A" * 64,
    "mamiaResetCodeUntil": "20300101000000Z",
    "mamiaRecovery": "sealed",
    "mamiaCharter": "2026-09;20260901080000Z",
    "mamiaReminded": "expires;7;20260901080000Z",
}
"""Attribute of schema/mamia-recovery.ldif → what somebody's entry holds."""


class ByHand(SlapdServer):
    """A directory with the files of some sections, and no others."""

    def __init__(self, state: Path, sections: frozenset[str]) -> None:
        wanted = {SCHEMA if sections else "", *(name for one in sections for name in FILES[one])}
        configuration, data = (
            tuple(name for name in names if name not in EXTRAS or name in wanted)
            for names in (private_slapd.CONFIG_FILES, private_slapd.DATA_FILES)
        )
        with patch.multiple(private_slapd, CONFIG_FILES=configuration, DATA_FILES=data):
            super().__init__(state, hash_cost=QUICK_HASH)
        self.add_person("fdurand", privateMail="francois@example.org", pwdReset="FALSE")


def settings_of(server: SlapdServer, sections: frozenset[str]) -> Settings:
    """As an academy has them that loaded the files, with a password of each account in a file."""
    of_sections: Mapping[str, dict[str, Any]] = {
        "helpdesk": {
            "bind_dn": f"cn=helpdesk,ou=services,{SUFFIX}",
            "bind_password": server.slapd.password("helpdesk"),
            "agents_group": f"cn=protected,ou=groups,{SUFFIX}",
        },
        "recovery": {"methods": ["totp", "mail"]},
        "charter": {"version": "2026-09", "url": "https://www.ac-example.fr/charte"},
        "reminders": {
            "bind_dn": f"cn=reminders,ou=services,{SUFFIX}",
            "bind_password_file": server.slapd.password_file("reminders"),
        },
    }
    worker = {"bind_dn": f"cn=sync,ou=services,{SUFFIX}", "bind_password_file": "/etc/mamia/sync.password"}
    return settings_for(
        server,
        people={
            "protected_groups": [f"cn=protected,ou=groups,{SUFFIX}"],
            "private_mail": "privateMail",
            "phone": "mobile",
        },
        notifications={"spool": "/var/lib/mamia/mails"},
        workstation={**WORKSTATION, **worker},
        # That is what 30-access.ldif is for.
        reset={"mode": "initial"},
        **{name: table for name, table in of_sections.items() if name in sections},
    )


def administrator(server: SlapdServer) -> Any:
    password = SecretStr(server.slapd.password("admin"))
    return open_access(server.url, config_login=Login("cn=config", password), data_login=Login(ADMIN, password))


def planned(access: Access, settings: Settings) -> Plan:
    return survey_and_plan(settings, access, Options())[1]


def set_up(server: SlapdServer, settings: Settings, folder: Path) -> None:
    passwords = {name: SecretStr(server.slapd.password(name)) for name in private_slapd.SERVICES}
    with administrator(server) as access:
        apply(planned(access, settings), access, folder, passwords)


def lacking(server: SlapdServer, settings: Settings) -> str:
    with administrator(server) as access:
        return difference(planned(access, settings))


def problems(server: SlapdServer, settings: Settings) -> list[Finding]:
    connection = connect(server.url, settings.directory, as_service=True)
    try:
        found = [*check_schema(settings, server.url, connection), *check_rights(settings, server.url, connection)]
    finally:
        close(connection)
    return [
        one for one in (*found, *check_helpdesk(settings), *check_reminders(settings)) if one.level is not Level.OK
    ]


def fill(server: SlapdServer) -> None:
    """Give fdurand a value of each attribute."""
    with server.as_admin() as line:
        changes = [(ldap.MOD_ADD, name, [value.encode()]) for name, value in VALUES.items()]
        line.modify_s(server.dn("fdurand"), [(ldap.MOD_ADD, "objectClass", [b"mamiaRecoverable"]), *changes])


def seen(line: LdapConnection, server: SlapdServer) -> set[str]:
    try:
        [(_, found)] = line.search_s(server.dn("fdurand"), ldap.SCOPE_BASE, attrlist=list(VALUES))
    except ldap.NO_SUCH_OBJECT:
        return set()
    return set(found)


@pytest.fixture(params=COMBINATIONS, ids=NAMES)
def by_hand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[ByHand, Settings]]:
    server = ByHand(tmp_path / "slapd", request.param)
    yield server, settings_of(server, request.param)
    server.slapd.stop()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[ByHand]:
    """A directory that was set up before any of the sections existed."""
    server = ByHand(tmp_path / "slapd", frozenset())
    yield server
    server.slapd.stop()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[ByHand]:
    """A directory with the files of all of them, and values in it."""
    server = ByHand(tmp_path / "slapd", frozenset(FILES))
    fill(server)
    yield server
    server.slapd.stop()


class TestFilesByHand:
    def test_when_the_files_of_the_sections_are_loaded_then_setup_and_check_find_nothing(self, by_hand):
        server, settings = by_hand

        assert lacking(server, settings) == "Nothing is missing in the directory.\n"
        assert problems(server, settings) == []


class TestSetup:
    @pytest.mark.parametrize("sections", [*map(frozenset, zip(FILES)), frozenset(FILES)], ids=[*FILES, "all"])
    def test_when_sections_are_switched_on_then_setup_adds_all_and_then_nothing(self, plain, tmp_path, sections):
        settings = settings_of(plain, sections)

        set_up(plain, settings, tmp_path / "undo")

        assert problems(plain, settings) == []
        assert lacking(plain, settings) == "Nothing is missing in the directory.\n"

    def test_when_one_section_is_added_to_another_then_the_first_one_goes_on_working(self, plain, tmp_path):
        sections = list(FILES)
        for number in range(1, len(sections) + 1):
            settings = settings_of(plain, frozenset(sections[:number]))
            set_up(plain, settings, tmp_path / f"undo-{number}")

            assert problems(plain, settings) == [], sections[:number]


class TestSwitchedOff:
    @pytest.mark.parametrize("left", COMBINATIONS[:-1], ids=NAMES[:-1])
    def test_when_sections_are_switched_off_then_nobody_reads_what_they_wrote(self, full, tmp_path, left):
        settings = settings_of(full, left)

        set_up(full, settings, tmp_path / "undo")

        assert problems(full, settings) == []
        assert lacking(full, settings) == "Nothing is missing in the directory.\n"
        full.add_person("other")
        with full.as_person("other") as line:
            assert seen(line, full) == set()
        with full.as_person("fdurand") as line:
            assert seen(line, full) <= {"mamiaCharter"}
        with full.connect() as line:
            assert seen(line, full) == set()

    def test_when_all_are_switched_off_then_the_gateway_may_write_none_of_it(self, full, tmp_path):
        set_up(full, settings_of(full, frozenset()), tmp_path / "undo")

        with full.as_service("gateway") as line:
            assert seen(line, full) == set()
            for name, value in VALUES.items():
                with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_ATTRIBUTE)):
                    line.modify_s(full.dn("fdurand"), [(ldap.MOD_DELETE, name, [value.encode()])])

    def test_when_another_machine_runs_the_reminders_then_its_account_keeps_its_rights(self, full, tmp_path):
        set_up(full, settings_of(full, frozenset({"helpdesk", "recovery", "charter"})), tmp_path / "undo")

        assert problems(full, settings_of(full, frozenset(FILES))) == []
