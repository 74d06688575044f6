"""A real KDC: what kinit takes and refuses after each answer of the target."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.targets.kerberos import Kerberos, KerberosSettings
from gateway.workstation.model import Done, Reason, Refused, Unavailable
from tests.support.kdc_server import ADMIN, REALM, KdcServer
from tests.support.polling import AT_ONCE_SECONDS

pytestmark = pytest.mark.xdist_group("kerberos")
OLD, NEW = "Ancien-Pw-2024!", "Nouveau-Pw-2025!"
MAX_TRIES = 50


@pytest.fixture
def settings(kdc):
    return KerberosSettings("realm", REALM, ADMIN, kdc.keytab, kdc.krb5_conf, timeout_seconds=20)


@pytest.fixture
def target(settings):
    return Kerberos(settings)


@pytest.fixture
def durand(kdc):
    return kdc.add_person(f"u{uuid.uuid4().hex[:8]}", OLD)


@contextmanager
def rights(kdc: KdcServer, lines: str) -> Iterator[None]:
    """The realm with other access rules for as long as the block lasts."""
    kdc.stop()
    kdc.give_rights(lines)
    kdc.start()
    try:
        yield
    finally:
        kdc.stop()
        kdc.give_rights("c")
        kdc.start()


class TestAccount:
    @pytest.mark.parametrize("login", ["root", "Root", "admin", "krbtgt", "kadmin"])
    def test_when_its_name_has_rights_of_its_own_then_its_password_stays(self, kdc, target, login):
        if login in ("root", "admin"):
            kdc.add_person(login, OLD)

        outcome = target.set_password(login, Secret(NEW))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROTECTED
        assert not kdc.kinit(login, NEW)

    def test_when_it_is_the_services_own_then_its_keys_stay(self, settings, durand):
        outcome = Kerberos(replace(settings, principal="{login}/admin")).set_password("gateway", Secret(NEW))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROTECTED
        assert Kerberos(settings).set_password(durand, Secret(NEW)) == Done()

    def test_when_the_realm_locks_its_keys_then_its_password_stays_and_the_operator_is_informed(
        self, kdc, target, durand
    ):
        kdc.admin(f"modprinc +lockdown_keys {durand}")

        outcome = target.set_password(durand, Secret(NEW))

        assert isinstance(outcome, Unavailable)
        assert "lockdown_keys" in outcome.hint
        assert kdc.kinit(durand, OLD)

    def test_when_the_access_file_excludes_it_then_its_password_stays(self, kdc, target, durand):
        with rights(kdc, f"C {durand}@{REALM}\n{ADMIN} c"):
            outcome = target.set_password(durand, Secret(NEW))

        assert isinstance(outcome, Unavailable)
        assert "excluded" in outcome.hint
        assert kdc.kinit(durand, OLD)

    @pytest.mark.parametrize(
        "login",
        ["nobody", "gateway/admin", f"x@{REALM}", "a b", '"x"', "-randkey", "*", "", "x\ndelprinc -force y", "K/M"],
    )
    def test_when_the_login_is_unknown_or_would_name_something_else_then_it_is_refused(self, kdc, target, login):
        outcome = target.set_password(login, Secret(NEW))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.NO_ACCOUNT


class TestRight:
    def test_when_it_is_missing_then_the_operator_is_informed_which(self, kdc, target, durand):
        with rights(kdc, "l"):
            outcome = target.set_password(durand, Secret(NEW))

        assert isinstance(outcome, Unavailable)
        assert "kadm5.acl" in outcome.hint
        assert kdc.kinit(durand, OLD)


class TestKeytab:
    @pytest.mark.parametrize("content", [None, b"no keytab"])
    def test_when_it_is_missing_or_broken_then_the_operator_is_informed(self, settings, durand, tmp_path, content):
        keytab = tmp_path / "other.keytab"
        if content is not None:
            keytab.write_bytes(content)

        outcome = Kerberos(replace(settings, keytab_file=keytab)).set_password(durand, Secret(NEW))

        assert isinstance(outcome, Unavailable)
        assert "keytab" in outcome.hint


class TestServer:
    def test_when_it_is_down_then_it_is_for_later_and_works_once_it_is_up(self, kdc, target, durand):
        kdc.stop()
        down = target.set_password(durand, Secret(NEW))
        kdc.start()

        assert isinstance(down, Unavailable)
        assert not down.hint
        assert target.set_password(durand, Secret(NEW)) == Done()

    def test_when_it_hangs_then_the_answer_comes_in_time_and_says_that_nobody_knows(self, kdc, settings, durand):
        kdc.suspend()
        started = time.monotonic()
        try:
            outcome = Kerberos(replace(settings, timeout_seconds=2)).set_password(durand, Secret(NEW))
        finally:
            kdc.go_on()

        assert isinstance(outcome, Unavailable)
        assert outcome.outcome_unknown
        assert time.monotonic() - started < AT_ONCE_SECONDS


def client_was_seen(seen: list[bytes]) -> bool:
    return any(b"kadm5_client.py\0" in text for text in seen)


def watch_everybody(seen: list[bytes], over: threading.Event) -> None:
    while not over.is_set():
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                seen.append(file.read_bytes())


def watch_our_children(seen: list[bytes], over: threading.Event) -> None:
    """The client is one of them, and may end before a look at the whole machine comes to it."""
    while not over.is_set():
        for thread in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                for child in (thread / "children").read_text().split():
                    seen.append(Path(f"/proc/{child}/cmdline").read_bytes())
                    seen.append(Path(f"/proc/{child}/environ").read_bytes())


class TestPassword:
    def test_when_set_then_kinit_takes_it_and_refuses_the_old_one(self, kdc, target, durand):
        assert kdc.kinit(durand, OLD)

        assert target.set_password(durand, Secret(NEW)) == Done()

        assert kdc.kinit(durand, NEW)
        assert not kdc.kinit(durand, OLD)

    @pytest.mark.parametrize(
        "password",
        ["Été à Nîmes 1!", "Clé🔑-2025-x", "Quotes\"'\\<&1a", " Blancs 2025- ", "Aa1-" + "x" * 80, "-pw Xx12345"],
    )
    def test_when_it_has_unusual_characters_then_the_realm_takes_exactly_it(self, kdc, target, durand, password):
        assert target.set_password(durand, Secret(password)) == Done()

        assert kdc.kinit(durand, password)
        assert not kdc.kinit(durand, password.strip() + "x")

    @pytest.mark.parametrize(
        "password, reason",
        [("Ab-1", Reason.TOO_SHORT), ("onlysmallletters", Reason.TOO_SIMPLE)],
    )
    def test_when_the_realm_refuses_it_then_the_rule_is_named_and_the_old_one_stays(
        self, kdc, target, durand, password, reason
    ):
        outcome = target.set_password(durand, Secret(password))

        assert isinstance(outcome, Refused)
        assert outcome.reason is reason
        assert password not in repr(outcome)
        assert kdc.kinit(durand, OLD)

    def test_when_it_was_in_force_before_then_the_history_refuses_it_and_the_one_in_force_stays(
        self, kdc, target, durand
    ):
        target.set_password(durand, Secret(NEW))

        outcome = target.set_password(durand, Secret(OLD))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.IN_HISTORY
        assert kdc.kinit(durand, NEW)

    def test_when_it_is_set_twice_then_it_is_done_both_times(self, kdc, target, durand):
        """The realm refuses the one in force as it refuses its history."""
        assert target.set_password(durand, Secret(NEW)) == target.set_password(durand, Secret(NEW)) == Done()
        assert kdc.kinit(durand, NEW)

    def test_when_it_is_in_the_history_and_has_expired_then_nothing_waits_for_an_answer(self, kdc, target, durand):
        """libkrb5 asks for a new password then, on standard streams."""
        kdc.admin(f"modprinc +needchange {durand}")

        outcome = target.set_password(durand, Secret(OLD))

        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.IN_HISTORY

    @pytest.mark.parametrize(
        "lines",
        [
            "{0}\n{0}\nchange_password {1}@{2}\nevil-Evil-1\nevil-Evil-1\nquit",
            "{0}\r\n{0}\r\ncpw -pw evil-Evil-1 {1}\r\nquit\r\n",
            '{0}"; cpw -pw evil-Evil-1 {1}; "',
            '","principal":"{1}@{2}","password":"evil-Evil-1',
        ],
    )
    def test_when_it_holds_commands_then_no_other_principal_changes(self, kdc, target, durand, lines):
        victim = kdc.add_person(f"v{uuid.uuid4().hex[:8]}", OLD)

        target.set_password(durand, Secret(lines.format(NEW, victim, REALM)))

        assert kdc.kinit(victim, OLD)
        assert not kdc.kinit(victim, "evil-Evil-1")

    def test_when_it_is_too_young_for_its_owner_to_change_then_the_service_sets_it(self, kdc, target):
        """kadmind holds only a principal that changes its own password to the policy's -minlife."""
        kdc.admin("addpol -minlife 1day patient")
        login = kdc.add_person("patient1", OLD, "patient")

        outcome = target.set_password(login, Secret(NEW))

        assert outcome == Done()
        assert kdc.kinit(login, NEW)
        assert not kdc.kinit(login, OLD)

    def test_when_it_is_on_its_way_then_it_is_in_no_argument_list_and_no_environment(self, kdc, target, durand):
        seen: list[bytes] = []
        over = threading.Event()
        watchers = [
            threading.Thread(target=watch, args=[seen, over]) for watch in (watch_everybody, watch_our_children)
        ]
        for watcher in watchers:
            watcher.start()
        try:
            for number in range(MAX_TRIES):
                target.set_password(durand, Secret(f"Tres-Secret-{number}!"))
                if number >= 2 and client_was_seen(seen):
                    break
        finally:
            over.set()
            for watcher in watchers:
                watcher.join()

        assert client_was_seen(seen)
        assert not any(b"Tres-Secret" in text for text in seen)
