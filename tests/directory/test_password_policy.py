"""What the policies of `ldif/` make slapd do, as the gateway relies on it."""

from __future__ import annotations

import re

import ldap
import pytest
from ldap.controls.ppolicy import PasswordPolicyControl, PasswordPolicyError

from tests.support.slapd_server import PASSWORD, POLICIES, SUFFIX, SlapdServer

NEW = "Nouveau-2025"


def write_password(directory, login, new, *more):
    """As the gateway does; gives the policy control's error, or None."""
    with directory.as_service("gateway") as line:
        changes = [(ldap.MOD_REPLACE, "userPassword", [new.encode()]), *more]
        message = line.modify_ext(directory.dn(login), changes, serverctrls=[PasswordPolicyControl()])
        try:
            *_, controls = line.result3(message)
        except ldap.CONSTRAINT_VIOLATION as error:
            control = PasswordPolicyControl()
            for _, _, value in error.args[0]["ctrls"]:
                control.decodeControlValue(value)
            return control.error
    return controls[0].error if controls else None


def error(name):
    return PasswordPolicyError.namedValues[name]


class TestAccount:
    def test_when_ten_wrong_passwords_came_then_it_is_locked_and_not_before(self, directory):
        directory.add_person("fdurand4")
        for _ in range(9):
            directory.binds("fdurand4", "wrong")
        assert directory.binds("fdurand4", PASSWORD)

        for _ in range(10):
            directory.binds("fdurand4", "wrong")

        assert not directory.binds("fdurand4", PASSWORD)

    def test_when_its_lock_is_older_than_fifteen_minutes_then_it_opens_automatically(self, directory):
        directory.add_person("fdurand4")
        directory.lock("fdurand4")

        directory.set("fdurand4", "pwdAccountLockedTime", "20260101000000Z")

        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_gateway_writes_a_password_then_the_lock_is_gone(self, directory):
        directory.add_person("fdurand4")
        directory.lock("fdurand4")

        write_password(directory, "fdurand4", NEW)

        assert directory.binds("fdurand4", NEW)

    def test_when_closed_for_good_then_slapd_would_open_it_with_a_new_password(self, directory):
        """Why the gateway itself must refuse a reset there."""
        directory.add_person("fdurand4")
        directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        write_password(directory, "fdurand4", NEW)

        assert directory.binds("fdurand4", NEW)


class TestPassword:
    def test_when_written_in_plain_text_then_it_is_kept_as_argon2_of_the_shipped_cost(self, tmp_path):
        shipped = SlapdServer(tmp_path / "state")
        shipped.add_person("fdurand4")

        write_password(shipped, "fdurand4", NEW)

        stored = shipped.read("fdurand4")["userPassword"][0]
        shipped.slapd.stop()
        # slapd 2.6 writes argon2id, 2.5 argon2i; both leave a NUL after it, and what was in memory there.
        written, _, _ = stored.partition("\0")
        assert re.fullmatch(r"\{ARGON2\}\$argon2id?\$v=19\$m=19456,t=3,p=1\$[\w+/$]+", written)

    @pytest.mark.parametrize("new, reported", [("Ab-1", "passwordTooShort"), (PASSWORD, "passwordInHistory")])
    def test_when_the_policy_refuses_it_then_the_control_says_why(self, directory, new, reported):
        directory.add_person("fdurand4")

        assert write_password(directory, "fdurand4", new) == error(reported)
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_gateway_writes_a_hash_then_it_is_refused_as_nobody_can_judge_it(self, directory):
        """So a stolen gateway password can't plant a hash that escapes the policy, and sets clear text only."""
        directory.add_person("fdurand4")

        assert write_password(directory, "fdurand4", "{SSHA}" + "A" * 32) == error("insufficientPasswordQuality")
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_five_others_came_after_it_then_it_may_come_back(self, directory):
        directory.add_person("fdurand4")
        for number in range(5):
            assert write_password(directory, "fdurand4", f"{NEW}{number}") is None
            assert write_password(directory, "fdurand4", PASSWORD) == error("passwordInHistory")

        write_password(directory, "fdurand4", f"{NEW}5")

        assert write_password(directory, "fdurand4", PASSWORD) is None

    def test_when_expired_then_only_the_right_one_reads_so(self, directory):
        directory.add_person("fdurand4", pwdPolicySubentry=f"cn=yearly,{POLICIES}", pwdChangedTime="20200101080000Z")

        assert directory.bind_control("fdurand4", PASSWORD).error == error("passwordExpired")
        assert directory.bind_control("fdurand4", "wrong").error is None

    def test_when_never_changed_then_no_default_policy_lets_it_expire(self, directory):
        directory.add_person("fdurand4", pwdChangedTime="20000101080000Z")

        assert directory.binds("fdurand4", PASSWORD)


class TestResetMark:
    def test_when_written_with_the_password_then_the_next_bind_must_change(self, directory):
        directory.add_person("fdurand4")

        write_password(directory, "fdurand4", NEW, (ldap.MOD_REPLACE, "pwdReset", [b"TRUE"]))

        assert directory.bind_control("fdurand4", NEW).error == error("changeAfterReset")


class TestDecoy:
    def test_when_tried_again_and_again_then_it_records_the_failures_and_never_locks(self, directory):
        decoy = f"cn=decoy,ou=services,{SUFFIX}"
        for _ in range(15):
            with directory.connect() as line, pytest.raises(ldap.INVALID_CREDENTIALS):
                line.simple_bind_s(decoy, "wrong")

        with directory.as_admin() as line:
            [(_, entry)] = line.search_s(decoy, ldap.SCOPE_BASE, attrlist=["+"])
        assert len(entry["pwdFailureTime"]) == 10
        assert "pwdAccountLockedTime" not in entry


class TestServiceAccount:
    @pytest.mark.parametrize("service", ["gateway", "sync"])
    def test_when_its_password_is_years_old_or_tried_wrongly_then_it_still_binds(self, directory, service):
        dn = f"cn={service},ou=services,{SUFFIX}"
        with directory.as_admin() as line:
            line.modify_ext_s(
                dn, [(ldap.MOD_REPLACE, "pwdChangedTime", [b"20000101080000Z"])], serverctrls=[directory.relax]
            )
        for _ in range(15):
            with directory.connect() as line, pytest.raises(ldap.INVALID_CREDENTIALS):
                line.simple_bind_s(dn, "wrong")

        with directory.as_service(service) as line:
            assert line.whoami_s() == f"dn:{dn}"
