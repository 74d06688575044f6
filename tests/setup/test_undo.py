"""The way back: no secret is opened, nobody is locked out, slapd starts, and what others added stays."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import ldap
import pytest

from gateway.setup import UndoFailed, Undone, open_access, undo
from tests.support import supann_slapd
from tests.support.debian_slapd import DebianSlapd
from tests.support.plain_slapd import NUMEN, PASSWORD
from tests.support.setup_answers import CLASS_FOR, PASSWORDS, administrator, answers, planned, set_up, supann_people
from tests.support.slapd_server import LdapConnection
from tests.support.supann_slapd import SupannSlapd

ARGON2_PASSWORD = "Nouveau-2024"
SECRETS = ("numen", "birthDate", "pwdHistory", "mamiaPasswordStamp", "userPassword")
CHANGED_BY_SETUP = ("olcAccess", "olcLimits", "olcDbIndex")


class Used:
    """Debian's slapd that was set up and used: fdurand has a new password, a number and a birth date."""

    def __init__(self, folder: Path) -> None:
        self.server = DebianSlapd(folder / "slapd")
        self.before = self.rules()
        self.folder = folder / "undo"
        self.set_up()
        self.who = self.server.dn("fdurand")
        self.server.load(
            f"dn: {self.who}\nchangetype: modify\nadd: numen\nnumen: {NUMEN}\n-\n"
            "add: birthDate\nbirthDate: 19850327\n"
        )
        with self.server.as_account(self.who, PASSWORD) as connection:
            connection.modify_s(self.who, [(ldap.MOD_REPLACE, "userPassword", [ARGON2_PASSWORD.encode()])])
        gateway = f"cn=gateway,ou=services,{self.server.suffix}"
        with self.server.as_account(gateway, PASSWORDS["gateway"].get_secret_value()) as connection:
            connection.modify_s(self.who, [(ldap.MOD_REPLACE, "mamiaPasswordStamp", [b"stamp"])])

    def set_up(self) -> None:
        set_up(self.server, answers(self.server), self.folder, class_for=CLASS_FOR)

    def rules(self) -> dict[str, list[str]]:
        held = self.server.read_configuration(self.server.database)
        return {name: held.get(name, []) for name in CHANGED_BY_SETUP}

    def undo(self, *, data: bool = False, dry_run: bool = False) -> Undone:
        with administrator(self.server) as access:
            return undo(self.folder, access, remove_people_data=data, dry_run=dry_run)

    def seen(self, who: str = "", password: str = "") -> set[str]:
        """Which secrets of fdurand somebody sees."""
        connection = self.server.as_account(who, password) if who else LdapConnection(self.server.url)
        with connection:
            [(_, found)] = connection.search_s(self.who, ldap.SCOPE_BASE, attrlist=list(SECRETS))
        return {name for name in found if name in SECRETS}

    def remove_data(self) -> None:
        """As an administrator does who needs none of it any more."""
        text = "".join(f"delete: {name}\n-\n" for name in ("numen", "birthDate"))
        self.server.load(f"dn: {self.who}\nchangetype: modify\n{text}")
        for login in ("fdurand", "smoreau", "nroux"):
            for name in ("pwdHistory", "pwdReset"):
                if name in self.server.read(self.server.dn(login)):
                    self.server.load(f"dn: {self.server.dn(login)}\nchangetype: modify\ndelete: {name}\n")


@pytest.fixture
def used(tmp_path: Path) -> Iterator[Used]:
    used = Used(tmp_path)
    yield used
    used.server.stop()


def kept(done: Undone) -> list[str]:
    return [one.what for one in done.kept]


class TestUsedDirectory:
    def test_secrets_stay_closed_and_everybody_logs_in(self, used):
        assert used.server.read(used.who).keys() >= {"numen", "birthDate", "pwdHistory", "mamiaPasswordStamp"}
        done = used.undo()
        used.server.restart()
        assert used.seen() == set()
        assert used.seen(used.server.dn("smoreau"), PASSWORD) == set()
        assert used.server.binds(used.who, ARGON2_PASSWORD)
        assert used.server.binds(used.server.dn("nroux"), PASSWORD)
        assert any("close birthDate, numen" in what and "pwdHistory" in what for what in kept(done))
        assert "the module argon2" in kept(done)

    def test_accounts_and_what_they_could_do_are_gone(self, used):
        used.undo()
        for name in PASSWORDS:
            assert used.server.read(f"cn={name},ou=services,{used.server.suffix}") == {}
        assert used.server.read(f"ou=services,{used.server.suffix}") == {}
        assert [rule for rule in used.rules()["olcAccess"] if "cn=gateway" in rule or "cn=sync" in rule] == []
        assert used.rules()["olcLimits"] == []
        assert used.server.read_configuration("olcOverlay={0}ppolicy," + used.server.database) == {}

    def test_people_without_data_lose_the_class_and_others_keep_it(self, used):
        done = used.undo()
        assert "mamiaPerson" not in used.server.read(used.server.dn("nroux"))["objectClass"]
        assert "mamiaPerson" in used.server.read(used.who)["objectClass"]
        assert "the class mamiaPerson of 1 people" in kept(done)

    def test_on_demand_it_removes_their_data_too(self, used):
        used.undo(data=True)
        assert not {"numen", "birthDate", "mamiaPasswordStamp"} & used.server.read(used.who).keys()
        assert used.server.binds(used.who, ARGON2_PASSWORD)

    def test_without_data_the_directory_is_as_before(self, used):
        used.undo()
        used.remove_data()
        done = used.undo()
        assert used.rules() == used.before
        assert not [what for what in kept(done) if "access rules" in what]
        used.server.restart()
        assert used.server.binds(used.who, ARGON2_PASSWORD)

    def test_a_second_time_there_is_nothing_to_do(self, used):
        used.undo()
        rules = used.rules()
        assert used.undo().removed == ()
        assert used.rules() == rules

    def test_a_dry_run_changes_nothing(self, used):
        rules = used.rules()
        assert len(used.undo(dry_run=True).removed) > 10
        assert used.rules() == rules
        assert used.server.read(f"cn=gateway,ou=services,{used.server.suffix}")

    @pytest.mark.parametrize("data", [False, True])
    def test_a_dry_run_promises_exactly_what_undo_does(self, used, data):
        promised = used.undo(data=data, dry_run=True)
        assert used.undo(data=data) == promised

    def test_it_goes_on_after_every_single_step(self, used):
        for _ in range(40):
            with administrator(used.server) as access, suppress(KeyboardInterrupt):
                undo(used.folder, access, progress=_stop_at_second())
                break
        assert used.seen() == set()
        assert used.undo().removed == ()

    def test_setup_can_follow(self, used):
        used.undo()
        used.set_up()
        assert planned(used.server, answers(used.server), class_for=CLASS_FOR).is_empty
        used.undo()
        assert used.seen() == set()


class TestWhatOthersAdded:
    def test_a_line_in_a_rule_of_ours_stays(self, used):
        line = 'by dn.exact="cn=rh,dc=ac-mine,dc=fr" read'
        rules = [rule.partition("}")[2] for rule in used.rules()["olcAccess"]]
        changed = [
            rule.replace(" by * none", f" {line} by * none") if "attrs=numen," in rule else rule for rule in rules
        ]
        assert changed != rules
        used.server.modify_configuration(used.server.database, (ldap.MOD_REPLACE, "olcAccess", changed))
        assert planned(used.server, answers(used.server), class_for=CLASS_FOR).is_empty
        used.undo()
        assert [rule for rule in used.rules()["olcAccess"] if line in rule and "numen" in rule]

    def test_a_group_with_members_stays(self, used):
        group = f"cn=protected,ou=groups,{used.server.suffix}"
        used.server.load(f"dn: {group}\nchangetype: modify\nadd: member\nmember: {used.who}\n")
        assert group in kept(used.undo())
        assert used.who in used.server.read(group)["member"]

    def test_accounts_that_are_closed_stay_closed(self, used):
        who = used.server.dn("nroux")
        used.server.load(
            f"dn: {who}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n"
        )
        done = used.undo()
        assert any("ppolicy" in what for what in kept(done))
        used.server.restart()
        assert not used.server.binds(who, PASSWORD)

    def test_a_policy_that_somebody_has_stays(self, used):
        policy = f"cn=services,ou=policies,{used.server.suffix}"
        used.server.load(f"dn: {used.who}\nchangetype: modify\nadd: pwdPolicySubentry\npwdPolicySubentry: {policy}\n")
        assert policy in kept(used.undo())


class TestSupann:
    def test_its_rules_overlay_and_hash_are_as_before(self, tmp_path):
        server = SupannSlapd(tmp_path / "slapd")
        try:
            before = server.read_configuration(server.database)
            set_up(server, answers(server, people=supann_people(server)), tmp_path / "undo")
            with administrator(server) as access:
                undo(tmp_path / "undo", access)
            after = server.read_configuration(server.database)
            assert {name: after.get(name) for name in CHANGED_BY_SETUP} == {
                name: before.get(name) for name in CHANGED_BY_SETUP
            }
            overlay = server.read_configuration(f"olcOverlay={{1}}ppolicy,{server.database}")
            assert overlay["olcPPolicyDefault"] == [f"cn=standard,{supann_slapd.POLICIES}"]
            assert "olcPPolicyHashCleartext" not in overlay
            assert server.read_configuration("olcDatabase={-1}frontend,cn=config")["olcPasswordHash"] == ["{SSHA}"]
            server.restart()
            assert server.binds(server.dn("p4711"), PASSWORD)
        finally:
            server.stop()


class TestWithoutTheAdministrator:
    def test_it_changes_nothing_since_it_might_not_see_the_secrets(self, used):
        rules = used.rules()
        with open_access(used.server.ldapi_url) as access, pytest.raises(UndoFailed, match="administrator"):
            undo(used.folder, access)
        assert used.rules() == rules


class TestUndoFolder:
    def test_only_its_owner_reads_it_and_it_holds_no_password(self, used):
        for file in used.folder.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            text = file.read_text()
            assert not [secret for secret in PASSWORDS.values() if secret.get_secret_value() in text]
        assert stat.S_IMODE(used.folder.stat().st_mode) == 0o700

    def test_it_holds_what_was_before(self, used):
        [copy] = used.folder.glob("config-before-*.ldif")
        assert "olcaccess: {2}to * by * read" in copy.read_text().lower()

    def test_a_folder_in_which_others_could_write_is_refused(self, used):
        rules = used.rules()
        used.folder.chmod(0o777)
        with administrator(used.server) as access, pytest.raises(UndoFailed, match="others could write in it"):
            undo(used.folder, access)
        used.folder.chmod(0o700)
        os.chown(used.folder, 65534, 65534)
        with administrator(used.server) as access, pytest.raises(UndoFailed, match="belongs to another user"):
            undo(used.folder, access)
        assert used.rules() == rules

    def test_a_folder_without_a_run_is_refused(self, used, tmp_path):
        with administrator(used.server) as access, pytest.raises(UndoFailed, match="holds nothing"):
            undo(tmp_path / "elsewhere", access)


def _stop_at_second() -> Callable[[str], None]:
    seen: list[str] = []

    def note(text: str) -> None:
        seen.append(text)
        if len(seen) > 1:
            raise KeyboardInterrupt

    return note
