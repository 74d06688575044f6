"""slapd's answer to a password that somebody may not set: the same for a right guess and for a wrong one."""

from __future__ import annotations

from urllib.parse import quote

import ldap
import pytest

from gateway.demo.private_slapd import CAPTURE, CAPTURE_ACCOUNT_FILE, REPLICATOR_FILE
from gateway.protection.seal import make_key_pair
from tests.support.capture_process import CaptureProcess, write_capture_settings
from tests.support.slapd_server import PASSWORD, QUICK_HASH, SUFFIX, SlapdServer
from tests.support.upgraded_slapd import UPGRADE_OF_CAPTURE, SlapdBefore

OLD_PASSWORD = "Encore-Plus-Ancien-2023"
NEW_PASSWORD = "Nouveau-2025-zz"
WRONG = "Jamais-Choisi-2022"
ACCOUNTS = ("gateway", "sync", "capture", "replicator", "decoy")
ATTACKERS = ("anonymous", "person", "local user", "gateway", "sync", "capture", "replicator")
TARGETS = ("person", "protected person", *ACCOUNTS, "admin")
PROTECTED = f"cn=protected,ou=groups,{SUFFIX}"
ADMIN_ENTRY = f"cn=admin,{SUFFIX}"
REPLACE, ADD, DELETE = ldap.MOD_REPLACE, ldap.MOD_ADD, ldap.MOD_DELETE
FORMS = {
    "replace": lambda guess: [(REPLACE, "userPassword", [guess])],
    "add": lambda guess: [(ADD, "userPassword", [guess])],
    "delete": lambda guess: [(DELETE, "userPassword", [guess])],
    "delete and add": lambda guess: [
        (DELETE, "userPassword", [guess]),
        (ADD, "userPassword", [NEW_PASSWORD.encode()]),
    ],
}


def make_directory(folder, kind=SlapdServer):
    """With every service account, and an entry of the administrator's."""
    academy = kind(
        folder / "slapd", hash_cost=QUICK_HASH, more_urls=(f"ldapi://{quote(str(folder / 'ldapi'), safe='')}/",)
    )
    slapd = academy.slapd
    for name, file in ((CAPTURE, CAPTURE_ACCOUNT_FILE), ("replicator", REPLICATOR_FILE)):
        slapd.password_file(name).write_text(f"Mot-De-Passe-{name}")
        slapd.apply(slapd.filled(file, {f"{name.upper()}_PASSWORD": slapd.password(name)}), file)
    # As Debian's slapd made it until 2.5: the administrator's password in an entry.
    academy.load(
        f"dn: {ADMIN_ENTRY}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: admin\n"
        f"userPassword: {PASSWORD}\n"
    )
    return academy


def put_people(academy):
    academy.remove_everybody()
    for login in ("person", "protected", "attacker"):
        academy.add_person(login, password=OLD_PASSWORD)
        with academy.as_person(login, OLD_PASSWORD) as line:
            line.modify_s(academy.dn(login), [(REPLACE, "userPassword", [PASSWORD.encode()])])
    with academy.as_admin() as line:
        line.modify_s(
            PROTECTED,
            [(REPLACE, "member", [f"cn=decoy,ou=services,{SUFFIX}".encode(), academy.dn("protected").encode()])],
        )


@pytest.fixture(scope="module")
def open_oracle(tmp_path_factory, short_folder):
    """A directory without the overlay."""
    folder = short_folder / "open"
    folder.mkdir()
    academy = make_directory(folder)
    put_people(academy)
    yield academy
    academy.slapd.stop()


@pytest.fixture(scope="module", params=["answer only", "capture", "upgraded capture"])
def asking(request, short_folder):
    """A directory that asks `mamia capture` first, and the process."""
    folder = short_folder / request.param.split()[0]
    folder.mkdir()
    academy = make_directory(folder, SlapdBefore if request.param == "upgraded capture" else SlapdServer)
    match request.param:
        case "answer only":
            academy.slapd.ask_before_writes(folder / "s")
        case "capture":
            academy.slapd.report_writes_to(folder / "s")
        case "upgraded capture":
            for name in ("93-capture.ldif", "94-capture-nt.ldif"):
                academy.load_before(name, CAPTURE_SOCKET=str(folder / "s"))
            academy.bring_up_to_date()
            academy.upgrade(UPGRADE_OF_CAPTURE, CAPTURE_SOCKET=str(folder / "s"))
    make_key_pair(folder / "worker.key", folder / "worker.pub")
    targets = '[workstation.targets.poste]\ntype = "samba_nt"\n'
    process = CaptureProcess(folder, write_capture_settings(folder, academy, targets))
    if request.param == "answer only":
        process.environment["MAMIA_CAPTURE__ANSWER_ONLY"] = "true"
    process.start()
    put_people(academy)
    yield academy, process
    process.stop()
    academy.slapd.stop()


def bound(academy, attacker):
    if attacker == "local user":
        line = ldap.initialize(f"ldapi://{quote(str(academy.slapd.state.parent / 'ldapi'), safe='')}")
        line.sasl_external_bind_s()
        return line
    if attacker == "person":
        return academy.as_person("attacker")
    if attacker == "anonymous":
        return academy.connect()
    return academy.as_service(attacker)


def dn_and_password(academy, target):
    match target:
        case "person":
            return academy.dn("person"), PASSWORD
        case "protected person":
            return academy.dn("protected"), PASSWORD
        case "admin":
            return ADMIN_ENTRY, PASSWORD
        case account:
            return f"cn={account},ou=services,{SUFFIX}", academy.slapd.password(account)


def answers(line, dn, guess):
    """Result code and text for each form of the attack."""
    given = {}
    for form, changes in FORMS.items():
        given[form] = answer(lambda changes=changes: line.modify_s(dn, changes(guess.encode())))
    given["extended operation"] = answer(lambda: line.passwd_s(dn, None, guess))
    given["extended operation with the old password"] = answer(lambda: line.passwd_s(dn, guess, NEW_PASSWORD))
    return given


def answer(attempt):
    try:
        attempt()
    except ldap.LDAPError as error:
        return error.args[0].get("result"), error.args[0].get("info")
    return 0, None


def differing_forms(academy, attacker, target, guesses):
    dn, _ = dn_and_password(academy, target)
    with_right, with_wrong = ({}, {})
    line = bound(academy, attacker)
    try:
        with_right, with_wrong = (answers(line, dn, guess) for guess in guesses)
    finally:
        line.unbind_s()
    return {form for form in with_right if with_right[form] != with_wrong[form]}


class TestPassword:
    @pytest.mark.parametrize("attacker", ["person", "local user", "sync", "capture", "replicator"])
    @pytest.mark.parametrize("target", ["person", "sync"])
    def test_when_slapd_does_not_ask_first_then_its_answer_tells_a_right_guess(self, open_oracle, attacker, target):
        """What the overlay is for; where this fails, slapd has closed the oracle itself."""
        _, right = dn_and_password(open_oracle, target)

        assert differing_forms(open_oracle, attacker, target, (right, WRONG))

    @pytest.mark.parametrize("attacker", ATTACKERS)
    @pytest.mark.parametrize("target", TARGETS)
    def test_when_slapd_asks_first_then_its_answer_is_the_same_for_a_right_guess(self, asking, attacker, target):
        academy, _ = asking
        if (attacker, target) == ("gateway", "person"):
            pytest.skip("the gateway sets people's passwords: whoever has its account can do more than guess")
        if attacker == "replicator" and target in ACCOUNTS:
            pytest.skip("the replicator reads the hashes of service accounts, for the other server of a pair")
        _, right = dn_and_password(academy, target)

        assert differing_forms(academy, attacker, target, (right, WRONG)) == set()

    @pytest.mark.parametrize("attacker", ["person", "local user", "sync", "capture", "replicator"])
    def test_when_it_was_used_before_then_slapds_answer_does_not_tell(self, asking, attacker):
        academy, _ = asking

        assert differing_forms(academy, attacker, "person", (OLD_PASSWORD, WRONG)) == set()

    def test_when_its_person_changes_it_then_slapd_takes_it(self, asking):
        academy, _ = asking
        academy.add_person("changes")
        with academy.as_person("changes") as line:
            line.modify_s(academy.dn("changes"), [(REPLACE, "userPassword", [b"Nouveau-2025-zz"])])
            line.passwd_s(academy.dn("changes"), None, "Encore-Nouveau-2025")

        assert academy.binds("changes", "Encore-Nouveau-2025")


class TestNumber:
    def test_when_the_worker_raises_it_in_its_own_entry_then_slapd_takes_it(self, asking):
        academy, _ = asking
        entry = f"cn=sync,ou=services,{SUFFIX}"

        with academy.as_service("sync") as line:
            line.modify_s(entry, [(REPLACE, "mamiaWorkerToken", [b"worker;1"])])
            found = line.search_s(entry, ldap.SCOPE_BASE, "(mamiaWorkerToken=*)")

        assert found == [(entry, {"mamiaWorkerToken": [b"worker;1"]})]


class TestOutbox:
    def test_when_the_worker_writes_it_then_slapd_takes_it(self, asking):
        academy, _ = asking
        academy.add_person("waiting", mamiaPendingSecret="sealed")

        with academy.as_service("sync") as line:
            line.modify_s(academy.dn("waiting"), [(DELETE, "mamiaPendingSecret", [b"sealed"])])

        assert "mamiaPendingSecret" not in academy.read("waiting")

    @pytest.mark.parametrize("service", ["gateway", "capture"])
    def test_when_the_person_is_protected_then_only_the_worker_may_write_it(self, asking, service):
        academy, _ = asking

        with academy.as_service(service) as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(academy.dn("protected"), [(ADD, "mamiaPendingSecret", [b"sealed"])])


class TestWorker:
    def test_when_it_sends_a_password_then_the_log_names_it_and_no_password(self, asking):
        academy, process = asking
        with academy.as_service("sync") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(academy.dn("person"), [(REPLACE, "userPassword", [WRONG.encode()])])

        process.wait_for_log("refused: cn=sync,ou=services")
        assert WRONG not in process.log


class TestGuess:
    def test_when_nobody_answers_slapd_then_it_is_still_refused_as_before(self, asking):
        academy, process = asking
        process.stop()
        try:
            assert differing_forms(academy, "person", "person", (PASSWORD, WRONG)) == set()
        finally:
            process.start()
