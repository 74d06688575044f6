"""Recovery methods in the directory: sealed, written on the condition of what was read, and for the gateway alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import ldap
import pytest

from gateway.account.model import Grant, Secret
from gateway.account.recovery import Held, RecoveryKind, RecoveryMethod
from gateway.composition.web import Gateway
from gateway.directory.recovery import LdapRecovery
from gateway.protection.recovery_seal import RecoverySeals
from tests.support.slapd_server import LdapConnection, SlapdServer

KEY, OTHER_KEY = "a key for tests that is long enough, 1", "a key for tests that is long enough, 2"
SECRET = "JBSWY3DPEHPK3PXP"
METHOD = RecoveryMethod(
    "a1b2", RecoveryKind.TOTP, "Mon téléphone", datetime(2026, 11, 1, tzinfo=UTC), secret=Secret(SECRET), counter=7
)


@pytest.fixture
def recovery(directory: SlapdServer, build: Callable[..., Gateway]) -> LdapRecovery:
    directory.add_person("fdurand4")
    return build(recovery={"methods": ["totp"]}).directory.recovery


def held(recovery: LdapRecovery, login: str = "fdurand4") -> Held:
    found = recovery.with_login(login, lambda _: True)
    assert found
    return found


def seen(line: LdapConnection, dn: str) -> list[bytes]:
    """The values that somebody else can read; an entry that they cannot see has none."""
    try:
        found = line.search_s(dn, ldap.SCOPE_BASE, attrlist=["mamiaRecovery"])
    except ldap.NO_SUCH_OBJECT:
        return []
    return [value for _, values in found for value in values.get("mamiaRecovery", [])]


class TestValues:
    def test_when_one_is_added_then_it_is_there_with_the_class_and_the_person_stays_one(
        self, directory: SlapdServer, recovery: LdapRecovery
    ) -> None:
        assert recovery.replace(held(recovery), None, b"\x01one")

        assert held(recovery).values == (b"\x01one",)
        assert {"mamiaPerson", "mamiaRecoverable"} <= set(directory.read("fdurand4")["objectClass"])

    def test_when_two_replace_the_same_value_then_one_learns_that_it_came_too_late(
        self, recovery: LdapRecovery
    ) -> None:
        recovery.replace(held(recovery), None, b"\x01one")
        both = held(recovery), held(recovery)

        assert recovery.replace(both[0], b"\x01one", b"\x01two")
        assert not recovery.replace(both[1], b"\x01one", b"\x01three")

        assert held(recovery).values == (b"\x01two",)

    def test_when_two_add_at_once_then_the_second_one_reads_again(self, recovery: LdapRecovery) -> None:
        before = held(recovery)

        assert recovery.replace(before, None, b"\x01one")
        assert not recovery.replace(before, None, b"\x01two")
        assert recovery.replace(held(recovery), None, b"\x01two")

        assert set(held(recovery).values) == {b"\x01one", b"\x01two"}

    def test_when_one_is_removed_then_the_others_stay(self, recovery: LdapRecovery) -> None:
        for value in (b"\x01one", b"\x01two"):
            recovery.replace(held(recovery), None, value)

        assert recovery.replace(held(recovery), b"\x01one", None)

        assert held(recovery).values == (b"\x01two",)

    def test_when_all_are_erased_then_none_is_left_and_a_second_time_is_no_error(
        self, recovery: LdapRecovery
    ) -> None:
        recovery.replace(held(recovery), None, b"not even sealed")

        for _ in range(2):
            recovery.erase(held(recovery).account.dn)

        assert held(recovery).values == ()


class TestWhoseTheyAre:
    @pytest.mark.parametrize("state", ["unknown", "closed", "not admitted"])
    def test_when_the_account_is_not_to_be_served_then_it_has_none(
        self, directory: SlapdServer, recovery: LdapRecovery, state: str
    ) -> None:
        if state == "closed":
            directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        login = "nobody" if state == "unknown" else "fdurand4"

        assert recovery.with_login(login, lambda _: state != "not admitted") is None

    def test_when_the_password_changed_since_then_a_grant_opens_them_no_more(
        self, directory: SlapdServer, recovery: LdapRecovery
    ) -> None:
        account = held(recovery).account
        grant = Grant("fdurand4", account.uuid, account.password_stamp)
        assert recovery.of(grant)

        with directory.as_person("fdurand4") as line:
            line.passwd_s(directory.dn("fdurand4"), None, "Autre-Mot-2025")

        assert recovery.of(grant) is None

    def test_when_another_account_asks_then_it_sees_no_value(
        self, directory: SlapdServer, recovery: LdapRecovery
    ) -> None:
        recovery.replace(held(recovery), None, b"\x01one")
        directory.add_person("jmartin")

        for line in (directory.as_person("jmartin"), directory.as_service("helpdesk"), directory.as_service("sync")):
            with line:
                assert seen(line, directory.dn("fdurand4")) == []

    def test_when_the_gateway_writes_another_class_then_the_directory_refuses(
        self, directory: SlapdServer, recovery: LdapRecovery
    ) -> None:
        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(directory.dn("fdurand4"), [(ldap.MOD_ADD, "objectClass", b"sambaSamAccount")])


class TestSeal:
    def test_when_it_is_opened_then_the_method_is_the_same(self) -> None:
        seals = RecoverySeals([KEY])

        assert seals.open(seals.seal(METHOD, "uuid-1"), "uuid-1") == METHOD

    def test_when_somebody_reads_the_value_then_neither_secret_nor_name_is_in_it(self) -> None:
        value = RecoverySeals([KEY]).seal(METHOD, "uuid-1")

        assert SECRET.encode() not in value
        assert b"telephone" not in value

    def test_when_it_is_copied_into_another_entry_then_it_cannot_be_opened(self) -> None:
        seals = RecoverySeals([KEY])

        assert seals.open(seals.seal(METHOD, "uuid-1"), "uuid-2") is None

    def test_when_keys_are_rotated_then_old_values_open_until_their_key_is_removed(self) -> None:
        old = RecoverySeals([KEY]).seal(METHOD, "u")
        rotated = RecoverySeals([OTHER_KEY, KEY])

        assert rotated.open(old, "u") == METHOD
        assert not rotated.is_current(old, "u")
        assert rotated.is_current(rotated.seal(METHOD, "u"), "u")
        assert RecoverySeals([OTHER_KEY]).open(old, "u") is None

    @pytest.mark.parametrize("value", [b"", b"\x01", b"\x02abc", b"\x01" + bytes(100)])
    def test_when_it_is_no_seal_of_ours_then_there_is_no_method(self, value: bytes) -> None:
        assert RecoverySeals([KEY]).open(value, "uuid-1") is None

    def test_when_a_method_is_shown_in_a_log_then_its_address_is_not(self) -> None:
        mail = replace(METHOD, kind=RecoveryKind.MAIL, address="moi@exemple.org", secret=None)

        assert "exemple" not in repr(mail)
