"""NT4-style workstations: one Modify with userPassword, and a real smbd that lets people in by it."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.app import create_app
from gateway.checks.finding import Level
from gateway.checks.inline_targets import check_inline_targets
from gateway.composition.web import build_gateway
from gateway.targets.samba_nt import SambaNt, SambaNtSettings, nt_hash
from tests.support.browser import Browser
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import PASSWORD, QUICK_HASH, SlapdServer
from tests.support.smbd_server import SID, SmbdServer

pytestmark = pytest.mark.xdist_group("samba_nt")
NEW = "Nouveau-2025"


@pytest.fixture(scope="module")
def annuaire(tmp_path_factory):
    """A directory of its own: smbd changes its access rules."""
    academy = SlapdServer(tmp_path_factory.mktemp("nt") / "state", hash_cost=QUICK_HASH)
    yield academy
    academy.slapd.stop()


@pytest.fixture(scope="module")
def smbd(annuaire):
    """Its folder is passable, unlike pytest's own: smbd looks at its share as the person who logged in."""
    with tempfile.TemporaryDirectory(prefix="smbd-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        server = SmbdServer(annuaire, Path(folder))
        server.add_unix_user("fdurand4", 20001)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def durand(annuaire, smbd):
    """Somebody of the rectorat with an NT4-style account that nobody opened yet."""
    annuaire.remove_everybody()
    return annuaire.add_person(
        "fdurand4",
        objectClass=["inetOrgPerson", "mamiaPerson", "sambaSamAccount", "shadowAccount"],
        departmentNumber="rectorat",
        sambaSID=f"{SID}-3000",
        sambaAcctFlags="[U          ]",
    )


@pytest.fixture
def browser(annuaire):
    settings = settings_for(annuaire, workstation={"targets": {"nt": {"type": "samba_nt", "posix": True}}})
    gateway = build_gateway(settings)
    yield Browser(create_app(gateway))
    gateway.close()


class TestReset:
    def test_when_the_person_has_an_nt_account_then_smbd_takes_the_new_password(self, smbd, browser, durand):
        browser.choose(browser.prove(durand), NEW)

        assert smbd.lets_in(durand, NEW)


class TestChange:
    def test_when_the_person_has_an_nt_account_then_smbd_takes_the_new_password_and_refuses_the_old_one(
        self, annuaire, smbd, browser, durand
    ):
        page = browser.change(durand, PASSWORD, "Premier-2025!")
        assert "Poste de travail Windows actif" in page.main
        assert smbd.lets_in(durand, "Premier-2025!")

        browser.change(durand, "Premier-2025!", NEW)

        assert smbd.lets_in(durand, NEW)
        assert not smbd.lets_in(durand, "Premier-2025!")
        assert annuaire.binds(durand, NEW)

    @pytest.mark.parametrize("password", ["Été à Nîmes 1!", "Clé🔑-2025-x", "Quotes\"'\\<&1a", "Aa1-" + "x" * 80])
    def test_when_the_password_has_unusual_characters_then_smbd_takes_exactly_it(
        self, smbd, browser, durand, password
    ):
        browser.change(durand, PASSWORD, password)

        assert smbd.lets_in(durand, password)

    def test_when_the_directory_refuses_the_password_then_the_nt_account_keeps_the_old_one(
        self, annuaire, smbd, browser, durand
    ):
        browser.change(durand, PASSWORD, NEW)

        browser.change(durand, NEW, PASSWORD)

        assert smbd.lets_in(durand, NEW)
        assert not smbd.lets_in(durand, PASSWORD)

    def test_when_it_is_written_then_times_are_set_and_no_lm_hash_and_nothing_is_sealed(
        self, annuaire, browser, durand
    ):
        before = int(datetime.now(UTC).timestamp())

        browser.change(durand, PASSWORD, NEW)

        entry = annuaire.read(durand)
        assert before <= int(entry["sambaPwdLastSet"][0]) <= before + 10
        assert int(entry["shadowLastChange"][0]) == before // 86400
        assert "sambaLMPassword" not in entry
        assert "mamiaPendingSecret" not in entry
        assert entry["mamiaSyncState"][0].startswith("nt;done;")


@pytest.fixture
def without_account(annuaire):
    """Somebody of the rectorat who is no account of the NT domain."""
    annuaire.remove_everybody()
    annuaire.add_person("mtremblay", departmentNumber="rectorat")
    return "mtremblay"


class TestPassword:
    @pytest.mark.parametrize("service", ["change", "reset"])
    def test_when_the_person_has_no_nt_account_then_it_is_changed_and_the_page_says_where_it_works(
        self, annuaire, browser, without_account, service
    ):
        if service == "change":
            page = browser.change(without_account, PASSWORD, NEW)
        else:
            page = browser.choose(browser.prove(without_account), NEW)

        assert annuaire.binds(without_account, NEW)
        assert "mamiaSyncState" in annuaire.read(without_account)
        assert re.match(r"nt;rejected;.*no_account", annuaire.read(without_account)["mamiaSyncState"][0])
        assert "Poste de travail Windows actif" not in page.main

    @pytest.mark.parametrize("classes", [["sambaSamAccount"], ["shadowAccount"]])
    def test_when_a_class_of_two_is_missing_then_it_is_changed_all_the_same(self, annuaire, browser, smbd, classes):
        annuaire.remove_everybody()
        more = {"sambaSID": f"{SID}-3002"} if "sambaSamAccount" in classes else {}
        annuaire.add_person(
            "half", objectClass=["inetOrgPerson", "mamiaPerson", *classes], departmentNumber="rectorat", **more
        )

        browser.change("half", PASSWORD, NEW)

        assert annuaire.binds("half", NEW)
        assert "sambaNTPassword" not in annuaire.read("half")


class TestCheck:
    def test_when_people_have_no_nt_account_then_they_are_counted(self, annuaire, durand):
        annuaire.add_person("mtremblay", departmentNumber="rectorat")
        annuaire.add_person("teacher", departmentNumber="lycée")

        [found] = check_inline_targets(settings_for(annuaire, workstation={"targets": {"nt": {"type": "samba_nt"}}}))

        assert found.level is Level.WARN
        assert "without an account there: 1;" in found.message


class TestGateway:
    def test_when_it_reads_the_entry_then_the_nt_hash_stays_hidden(self, annuaire, browser, durand):
        browser.change(durand, PASSWORD, NEW)

        with annuaire.as_service("gateway") as line:
            [(_, seen)] = line.search_s(annuaire.dn(durand), 0, attrlist=["*"])
        with annuaire.as_person(durand, NEW) as line:
            [(_, own)] = line.search_s(annuaire.dn(durand), 0, attrlist=["*"])

        assert "sambaNTPassword" not in seen
        assert "sambaNTPassword" not in own


class TestNtHash:
    @pytest.mark.parametrize(
        "password, expected",
        [("password", "8846F7EAEE8FB117AD06BDD830B7586C"), ("Password", "A4F49C406510BDCAB6824EE7C30FD852")],
    )
    def test_when_the_password_is_known_then_so_is_the_hash(self, password, expected):
        assert nt_hash(Secret(password)) == expected


class TestChanges:
    def test_when_hosts_read_no_shadow_then_shadow_is_left_alone(self):
        changes = SambaNt(SambaNtSettings("nt")).changes(Secret(NEW), datetime(2026, 1, 1, tzinfo=UTC))

        assert set(changes) == {"sambaNTPassword", "sambaPwdLastSet"}
