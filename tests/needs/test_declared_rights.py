"""The declaration of rights is complete: `mamia check` accepts exactly these, and reports each that is missing.

All other tests prove that everything works with exactly these, because `ldif/` is written from the declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import ldap
import pytest
from pydantic import SecretStr

from gateway.checks.capture import check_listener_rights
from gateway.checks.finding import Level
from gateway.checks.helpdesk import check_helpdesk_rights
from gateway.checks.policies import check_policies
from gateway.checks.reminders import check_reminders_rights
from gateway.checks.rights import check_rights
from gateway.checks.service_connections import check_service_connections
from gateway.checks.worker_rights import check_worker_rights
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.needs import Account, Place, Right, needs_of
from gateway.settings.service_accounts import bound_as
from gateway.setup.access_rules import AccessRules
from tests.support.ldif_files import LAYOUT, example_settings
from tests.support.slapd_server import QUICK_HASH, SUFFIX, SlapdServer

DATABASE, CONFIG_DATABASE = "olcDatabase={1}mdb,cn=config", "olcDatabase={0}config,cn=config"
MONITOR_DATABASE = "olcDatabase={2}monitor,cn=config"
SETTINGS = example_settings(nt=True, capture=True, helpdesk=True, recovery=True, reminders=True, charter=True)
NEEDS = needs_of(SETTINGS)
NAMES = {
    Account.GATEWAY: "gateway",
    Account.WORKER: "sync",
    Account.LISTENER: "capture",
    Account.HELPDESK: "helpdesk",
    Account.REMINDERS: "reminders",
}
WITH_OVERLAY = ("entry", "children")
"""What slapd asks for itself: whether the entry is seen at all, and whether the overlay sock lets a write pass."""
EACH = sorted({(right.account, right.place, name) for right in NEEDS.rights for name in right.attributes}, key=str)
TESTED = [
    (account, place, name)
    for account, place, name in EACH
    if account in NAMES and name not in WITH_OVERLAY and place not in (Place.CONFIGURATION, Place.CONNECTIONS)
]


@pytest.fixture(scope="module")
def academy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlapdServer]:
    """A directory with all service accounts, somebody to whom a password was sent, and an entry that was moved."""
    server = SlapdServer(tmp_path_factory.mktemp("rights") / "state", hash_cost=QUICK_HASH)
    server.slapd.password_file("capture").write_text("the-listeners-password")
    account = server.slapd.filled("92-capture-account.ldif", {"CAPTURE_PASSWORD": "the-listeners-password"})
    server.load(account.decode())
    agents = f"dn: {SETTINGS.helpdesk.agents_group}\nobjectClass: groupOfNames\ncn: helpdesk\n"
    server.load(f"{agents}member: {server.dn('adupont')}\n")
    sent = {"mamiaPendingSecret": "sealed", "mamiaSyncState": "pending"}
    classes = ["inetOrgPerson", "mamiaPerson", "shadowAccount"]
    code = {"mamiaResetCode": "1;hash", "mamiaResetCodeUntil": "20990101120000Z"}
    classes.append("mamiaRecoverable")
    server.add_person(
        "fdurand4", objectClass=classes, mobile="0600000000", privateMail="f@example.org", **sent, **code
    )
    server.add_person("adupont")
    server.add_person("moved", **sent)
    with server.as_admin() as line:
        line.rename_s(server.dn("moved"), "uid=moved", newsuperior=SUFFIX)
    yield server
    server.slapd.stop()


@contextmanager
def rights(server: SlapdServer, granted: tuple[Right, ...]) -> Iterator[None]:
    """Until the block ends, the server's rules give exactly these rights."""
    rules = AccessRules(SETTINGS, LAYOUT, NEEDS, granted, NEEDS.secrets)
    wanted = {DATABASE: rules.database(), MONITOR_DATABASE: rules.monitor(), CONFIG_DATABASE: ()}
    with server.as_admin("cn=config") as line:
        before = {dn: line.read_s(dn, attrlist=["olcAccess"]).get("olcAccess", []) for dn in wanted}
        for dn, values in wanted.items():
            own = before[dn][-2:] if dn == DATABASE else before[dn][-1:]
            unnumbered = [value.partition(b"}")[2] for value in own]
            line.modify_s(dn, [(ldap.MOD_REPLACE, "olcAccess", [value.encode() for value in values] + unnumbered)])
        try:
            yield
        finally:
            for dn, values in before.items():
                line.modify_s(dn, [(ldap.MOD_REPLACE, "olcAccess", values)])


def findings(server: SlapdServer, account: Account, place: Place):
    """What `mamia check` says of the rights of one account at that place."""
    directory = SETTINGS.directory.model_copy(update={"servers": [server.url]})
    gateways = bound_as(directory, directory.bind_dn, SecretStr(server.slapd.password("gateway")))
    settings = SETTINGS.model_copy(update={"directory": gateways})
    name = NAMES[account]
    as_account = bound_as(directory, f"cn={name},ou=services,{SUFFIX}", SecretStr(server.slapd.password(name)))
    connection = connect(server.url, as_account, as_service=True)
    try:
        if place is Place.OPERATIONS:
            return list(check_service_connections(settings))
        if place is Place.POLICIES:
            return list(check_policies(settings, server.url, connection))
        if account is Account.GATEWAY:
            return list(check_rights(settings, server.url, connection))
        if account is Account.WORKER:
            return [check_worker_rights(settings, connection)]
        if account is Account.HELPDESK:
            return list(check_helpdesk_rights(settings, server.url, connection))
        if account is Account.REMINDERS:
            return [check_reminders_rights(settings, connection)]
        return list(check_listener_rights(settings, connection))
    finally:
        close(connection)


def without(account: Account, place: Place, name: str) -> Iterator[Right]:
    """The declared rights but for one attribute of one account at one place."""
    for right in NEEDS.rights:
        left = tuple(one for one in right.attributes if one != name)
        if (right.account, right.place) != (account, place) or name not in right.attributes:
            yield right
        elif left:
            yield replace(right, attributes=left)


def name_of(value: object) -> str:
    """How a test's name shows it."""
    return str(getattr(value, "name", value))


class TestRights:
    @pytest.mark.parametrize("account", NAMES)
    def test_when_the_account_has_exactly_the_declared_ones_then_nothing_is_missing_or_too_much(
        self, academy, account
    ):
        with rights(academy, NEEDS.rights):
            found = findings(academy, account, Place.PEOPLE)

        assert [finding.message for finding in found if finding.level is not Level.OK] == []

    @pytest.mark.parametrize(
        ("account", "place", "name"), TESTED, ids=lambda value: str(getattr(value, "name", value))
    )
    def test_when_one_is_missing_then_it_is_reported(self, academy, account, place, name):
        with rights(academy, tuple(without(account, place, name))):
            found = findings(academy, account, place)

        bad = [finding for finding in found if finding.level is not Level.OK]
        assert bad, found
        assert all(finding.hint for finding in bad)
