"""A real domain controller: what a workstation would take and refuse after each answer of the target."""

from __future__ import annotations

import signal
import time
import uuid
from dataclasses import replace

import pytest
from ldap3 import MODIFY_REPLACE, NONE, Connection, Server

from gateway.account.model import Secret
from gateway.demo.private_samba import BASE, PEOPLE, REALM, SERVICE
from gateway.ldap import VerifyingTls
from gateway.targets.active_directory import ActiveDirectory
from gateway.targets.domain_connection import ActiveDirectorySettings
from gateway.tls import verifying_context
from gateway.workstation.model import DomainRules, Done, Reason, Refused, Unavailable
from tests.support.certificates import make_certificates
from tests.support.polling import AT_ONCE_SECONDS, freeze
from tests.support.ports import free_port

pytestmark = pytest.mark.xdist_group("samba_ad")
TOKEN_GROUPS = "b7c69e6d-2cc7-11d2-854e-00a0c983f608"
"""The attribute's schema GUID."""
OLD, NEW = "Ancien-Pw-2024!", "Nouveau-Pw-2025!"


@pytest.fixture
def dc(domain_controller):
    if not domain_controller.is_running:
        domain_controller.start()
    return domain_controller


@pytest.fixture
def settings(dc):
    return ActiveDirectorySettings(
        name="domain",
        servers=(dc.url,),
        ca_file=dc.authority,
        bind_dn=f"{SERVICE}@{REALM.lower()}",
        bind_password=Secret(dc.password(SERVICE)),
        base=PEOPLE,
        # A busy machine must not pass for a domain that hangs.
        connect_timeout_seconds=30,
        receive_timeout_seconds=30,
    )


@pytest.fixture
def target(settings):
    active = ActiveDirectory(settings)
    yield active
    active.close()


@pytest.fixture
def durand(dc):
    login = f"u{uuid.uuid4().hex[:8]}"
    dc.add_people([login], OLD)
    return login


def asked(settings, login, password=NEW, **changes):
    """One question to a target with other settings."""
    active = ActiveDirectory(replace(settings, **changes))
    try:
        return active.set_password(login, Secret(password))
    finally:
        active.close()


class TestPassword:
    def test_when_set_then_workstation_and_kdc_take_it_and_refuse_the_old_one(self, dc, target, durand):
        assert dc.smb(durand, OLD)

        assert target.set_password(durand, Secret(NEW)) == Done()

        assert dc.smb(durand, NEW)
        assert dc.kinit(durand, NEW)
        assert not dc.smb(durand, OLD)
        assert not dc.kinit(durand, OLD)

    @pytest.mark.parametrize(
        "password", ["Été à Nîmes 1!", "Clé🔑-2025-x", "Quotes\"'\\<&1a", " Blancs 2025- ", "Aa1-" + "x" * 80]
    )
    def test_when_it_has_unusual_characters_then_the_domain_takes_exactly_it(self, dc, target, durand, password):
        assert target.set_password(durand, Secret(password)) == Done()

        assert dc.kinit(durand, password)

    def test_when_set_twice_then_it_is_done_both_times(self, dc, target, durand):
        assert target.set_password(durand, Secret(NEW)) == target.set_password(durand, Secret(NEW)) == Done()
        assert dc.smb(durand, NEW)

    @pytest.mark.parametrize(
        "password, reason", [("Ab-1", Reason.TOO_SHORT), ("onlysmallletters", Reason.TOO_SIMPLE)]
    )
    def test_when_the_domain_refuses_it_then_the_rule_is_named_and_the_old_one_stays(
        self, dc, target, durand, password, reason
    ):
        outcome = target.set_password(durand, Secret(password))

        assert isinstance(outcome, Refused)
        assert outcome.reason is reason
        assert password not in repr(outcome)
        assert dc.smb(durand, OLD)


def administrator(dc):
    """A connection of the domain's administrator."""
    tls = VerifyingTls(verifying_context(dc.authority))
    server = Server(dc.url, get_info=NONE, tls=tls)
    return Connection(server, f"Administrator@{REALM.lower()}", dc.password("Administrator"))


def join_directly(dc, login, group):
    dc.tool("group", "addmembers", group, login)


def join_by_another_group(dc, login, group):
    inner = f"inner-{login}"
    dc.tool("group", "add", inner)
    dc.tool("group", "addmembers", inner, login)
    dc.tool("group", "addmembers", group, inner)


def join_as_primary_group(dc, login, group):
    """The group's own list of members does not name them then."""
    dc.tool("group", "addmembers", group, login)
    with administrator(dc) as connection:
        assert connection.modify(f"CN={login},{PEOPLE}", {"primaryGroupID": [(MODIFY_REPLACE, ["512"])]})


def mark_as_protected(dc, login, group):
    """As the domain does some time after somebody joined a protected group, and keeps it when they leave."""
    with administrator(dc) as connection:
        assert connection.modify(f"CN={login},{PEOPLE}", {"adminCount": [(MODIFY_REPLACE, ["1"])]})


class TestCheck:
    def test_when_the_right_reaches_a_privileged_account_then_it_names_it_and_nothing_changes(
        self, dc, target, durand
    ):
        before = target.probe().excess_rights
        join_directly(dc, durand, "Domain Admins")

        after = target.probe().excess_rights

        assert [text for text in after if text not in before] == [
            f"set the password of the privileged account CN={durand},{PEOPLE}"
        ]
        assert dc.kinit(durand, OLD)


class TestAccount:
    @pytest.mark.parametrize("login", ["nobody", "*", "u*", ")(objectClass=*", "Administrator", SERVICE])
    def test_when_nobody_below_the_base_has_that_login_then_it_is_refused(self, target, durand, login):
        outcome = target.set_password(login, Secret(NEW))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.NO_ACCOUNT

    @pytest.mark.parametrize(
        "join, group",
        [
            (join_directly, "Domain Admins"),
            (join_directly, "Enterprise Admins"),
            (join_directly, "Schema Admins"),
            (join_directly, "Administrators"),
            (join_directly, "Account Operators"),
            (join_directly, "Backup Operators"),
            (join_directly, "Server Operators"),
            (join_directly, "Print Operators"),
            (join_by_another_group, "Domain Admins"),
            (join_as_primary_group, "Domain Admins"),
            (mark_as_protected, ""),
        ],
    )
    def test_when_it_is_privileged_then_its_password_stays(self, dc, target, durand, join, group):
        join(dc, durand, group)

        outcome = target.set_password(durand, Secret(NEW))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROTECTED
        assert dc.kinit(durand, OLD)
        assert not dc.kinit(durand, NEW)

    def test_when_it_left_all_protected_groups_then_it_takes_passwords_again(self, dc, target, durand):
        join_directly(dc, durand, "Domain Admins")
        assert isinstance(target.set_password(durand, Secret(NEW)), Refused)
        dc.tool("group", "removemembers", "Domain Admins", durand)

        assert target.set_password(durand, Secret(NEW)) == Done()

    def test_when_its_groups_cannot_be_read_then_its_password_stays_and_the_operator_is_informed(
        self, dc, target, durand
    ):
        shown = dc.tool("user", "show", SERVICE, "--attributes=objectSid")
        sid = next(line.split()[1] for line in shown.splitlines() if line.startswith("objectSid"))
        dc.tool("dsacl", "set", f"--objectdn=CN={durand},{PEOPLE}", f"--sddl=(OD;;RP;{TOKEN_GROUPS};;{sid})")

        outcome = target.set_password(durand, Secret(NEW))

        assert isinstance(outcome, Unavailable)
        assert "read adminCount, objectSid, tokenGroups" in outcome.hint
        assert dc.kinit(durand, OLD)

    def test_when_it_is_the_services_own_then_its_password_stays(self, dc, settings):
        outcome = asked(settings, SERVICE, base=BASE)

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROTECTED
        assert dc.kinit(SERVICE, dc.password(SERVICE))

    def test_when_it_is_disabled_then_it_takes_the_password_for_later(self, dc, target, durand):
        dc.tool("user", "disable", durand)

        assert target.set_password(durand, Secret(NEW)) == Done()

        assert not dc.smb(durand, NEW)
        dc.tool("user", "enable", durand)
        assert dc.smb(durand, NEW)

    def test_when_it_is_locked_then_unlock_lifts_that_where_the_right_was_given(self, dc, settings, caplog):
        dc.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3")
        logins = [f"u{uuid.uuid4().hex[:8]}" for _ in range(2)]
        dc.add_people(logins, OLD)
        try:
            for login in logins:
                for _ in range(4):
                    assert not dc.kinit(login, "wrong")
                assert not dc.kinit(login, OLD)

            assert asked(settings, logins[0], unlock=True) == Done()
            assert not dc.kinit(logins[0], NEW)
            assert "right to write lockoutTime" in caplog.text

            dc.grant_unlock()
            assert asked(settings, logins[1], unlock=True) == Done()
            assert dc.kinit(logins[1], NEW)
        finally:
            dc.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=0")


class TestRight:
    def test_when_it_is_missing_then_the_operator_is_informed_where_to_delegate_it(self, dc, settings):
        outcome = asked(settings, "Guest", base=BASE)

        assert isinstance(outcome, Unavailable)
        assert "delegate" in outcome.hint
        assert f"CN=Users,{BASE}" in outcome.hint


class TestServiceAccount:
    def test_when_its_password_is_wrong_then_the_operator_is_informed(self, settings, durand):
        outcome = asked(settings, durand, bind_password=Secret("Wrong-Pw-1!"))

        assert isinstance(outcome, Unavailable)
        assert SERVICE in outcome.hint
        assert "Wrong-Pw" not in repr(outcome)

    def test_when_it_is_disabled_then_the_operator_is_informed_why(self, dc, settings, durand):
        dc.tool("user", "disable", SERVICE)
        try:
            outcome = asked(settings, durand)
        finally:
            dc.tool("user", "enable", SERVICE)

        assert isinstance(outcome, Unavailable)
        assert "disabled" in outcome.hint

    def test_when_it_is_locked_then_the_operator_is_informed_why_and_it_works_once_unlocked(
        self, dc, settings, durand
    ):
        dc.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3")
        try:
            for _ in range(4):
                asked(settings, durand, bind_password=Secret("Wrong-Pw-1!"))
            locked = asked(settings, durand)
        finally:
            dc.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=0")
            dc.tool("user", "unlock", SERVICE)

        assert isinstance(locked, Unavailable)
        assert f"{SERVICE}@" in locked.hint
        assert "locked" in locked.hint
        assert asked(settings, durand) == Done()


class TestCertificate:
    def test_when_another_authority_vouches_or_the_name_differs_then_nothing_is_sent(
        self, dc, settings, durand, tmp_path
    ):
        other = make_certificates(tmp_path, "localhost").authority

        for outcome in (
            asked(settings, durand, ca_file=other),
            asked(settings, durand, servers=("ldaps://dc.nowhere.invalid",)),
        ):
            assert isinstance(outcome, Unavailable)
        assert "ca_file" in asked(settings, durand, ca_file=other).hint
        assert dc.smb(durand, OLD)


class TestServer:
    def test_when_it_is_down_then_it_is_for_later_and_back_at_once_when_it_is_up(self, dc, target, durand):
        assert target.set_password(durand, Secret(NEW)) == Done()
        dc.stop()
        down = target.set_password(durand, Secret(OLD))
        dc.start()

        assert isinstance(down, Unavailable)
        assert not down.hint
        assert target.set_password(durand, Secret("Retour-Pw-2026!")) == Done()
        assert dc.smb(durand, "Retour-Pw-2026!")

    def test_when_it_was_restarted_then_nobody_notices(self, dc, target, durand):
        target.set_password(durand, Secret(NEW))
        dc.stop()
        dc.start()

        assert target.set_password(durand, Secret("Encore-Pw-2026!")) == Done()

    def test_when_it_hangs_then_the_answer_comes_within_the_time_limits(self, dc, settings, durand):
        target = ActiveDirectory(replace(settings, connect_timeout_seconds=1, receive_timeout_seconds=2))
        target.set_password(durand, Secret(NEW))
        try:
            for process in dc.processes():
                freeze(process)
            started = time.monotonic()
            outcome = target.set_password(durand, Secret(OLD))
        finally:
            dc.signal_all(signal.SIGCONT)
        taken = time.monotonic() - started
        target.close()

        assert isinstance(outcome, Unavailable)
        assert taken < AT_ONCE_SECONDS


class TestServers:
    def test_when_the_first_one_is_dead_then_the_second_one_serves(self, dc, settings, durand):
        assert asked(settings, durand, servers=(f"ldaps://127.0.0.1:{free_port()}", dc.url)) == Done()
        assert dc.smb(durand, NEW)


class TestRules:
    def test_when_read_then_they_are_the_domains(self, target, dc):
        assert target.rules() == DomainRules(min_length=8, complexity=True, history=3, min_age_seconds=0)

    def test_when_the_domain_is_down_then_there_are_none(self, settings):
        active = ActiveDirectory(replace(settings, servers=(f"ldaps://127.0.0.1:{free_port()}",)))

        assert active.rules() is None
