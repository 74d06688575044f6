"""The result page of people with a workstation: each target's state, never one tick or one cross for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ldap
import pytest

from gateway.app import create_app
from gateway.workstation.state import DeliveryStatus
from tests.support.backup import LdifBackup
from tests.support.browser import CHANGE, Browser
from tests.support.pending_deliveries import move_to, pending_deliveries
from tests.support.slapd_server import PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"


@pytest.fixture
def rectorat(directory, open_browser, tmp_path):
    """A browser before a gateway that seals for a worker, and somebody of the rectorat; no worker runs."""
    directory.add_person(LOGIN, departmentNumber="rectorat")
    return open_browser(workstation=pending_deliveries(tmp_path))


def change(browser):
    return browser.change("fdurand4", PASSWORD, NEW)


class TestResult:
    def test_when_nothing_was_delivered_yet_then_both_states_stand_side_by_side(self, directory, rectorat):
        page = change(rectorat)

        assert "mais pas encore sur le poste de travail" in page.main
        assert "Messagerie et applications actif" in page.main
        assert "Poste de travail en attente" in page.main
        assert "Actualiser l’état" in page.main
        assert "mamiaPendingSecret" in directory.read("fdurand4")

    @pytest.mark.parametrize(
        "step, reason, reported",
        [
            (DeliveryStatus.DONE, "", "Poste de travail actif"),
            (DeliveryStatus.CONFIRMING, "", "Poste de travail actif"),
            (DeliveryStatus.PENDING, "connection refused", "injoignable pour le moment"),
            (DeliveryStatus.REJECTED, "in_history", "a déjà connu ce mot de passe"),
            (DeliveryStatus.REJECTED, "too_short", "trop court pour le domaine"),
            (DeliveryStatus.REJECTED, "no_account", "Aucun compte Windows n’a été trouvé"),
            (DeliveryStatus.EXPIRED, "connection refused", "n’a pas pu y être enregistré"),
            (DeliveryStatus.HELD, "restored", "L’annuaire a été restauré depuis une sauvegarde"),
        ],
    )
    def test_when_the_worker_went_on_then_reloading_the_page_tells_it(
        self, directory, rectorat, step, reason, reported
    ):
        page = change(rectorat)
        move_to(directory, LOGIN, step, reason)

        again = rectorat.open(page.path)

        assert reported in again.main
        assert "Messagerie et applications actif" in again.main
        assert "connection refused" not in again.source

    def test_when_the_domain_refuses_for_good_then_the_page_says_what_works_and_to_choose_another(
        self, directory, rectorat
    ):
        page = change(rectorat)
        move_to(directory, LOGIN, DeliveryStatus.REJECTED, "in_history")

        again = rectorat.open(page.path)

        assert "est actif pour la messagerie et les applications" in again.main
        assert "Choisissez un autre mot de passe" in again.main

    def test_when_a_script_asks_then_it_gets_the_states_and_whether_to_ask_again(self, directory, rectorat):
        path = change(rectorat).path + "/etat"

        waiting = rectorat.client.get(path).json
        move_to(directory, LOGIN, DeliveryStatus.DONE)
        done = rectorat.client.get(path).json

        assert (waiting["waiting"], waiting["state"]) == (True, "waiting")
        assert "en attente" in waiting["html"]
        assert (done["waiting"], done["state"]) == (False, "done")
        assert "en attente" not in done["html"]
        assert "<h1" in done["html"]

    def test_when_a_newer_change_took_its_place_then_the_old_page_says_so(self, directory, rectorat):
        old = change(rectorat)
        rectorat.change("fdurand4", NEW, "Encore-Un-2026")

        assert "plus récent" in rectorat.open(old.path).main

    def test_when_the_change_is_lost_by_a_restore_then_the_page_speaks_of_no_later_change(
        self, directory, rectorat, tmp_path
    ):
        """The backup has a change of an hour ago."""
        change(rectorat)
        [value] = directory.read(LOGIN)["mamiaSyncState"]
        since = value.split(";")[3]
        directory.set(
            LOGIN, "mamiaSyncState", value.replace(since, f"{datetime.now(UTC) - timedelta(hours=1):%Y%m%dT%H%M%SZ}")
        )
        backup = LdifBackup(directory, tmp_path)
        lost = rectorat.change(LOGIN, NEW, "Encore-Un-2026")
        backup.restore()

        page = rectorat.open(lost.path)

        assert "plus récent" not in page.main
        assert "L’annuaire n’a plus ce changement" in page.main

    def test_when_the_directory_is_down_then_the_state_is_unknown_and_asked_again(self, directory, rectorat):
        page = change(rectorat)
        directory.kill()

        again = rectorat.open(page.path)

        assert again.status == 200
        assert "inconnu" in again.main
        assert rectorat.client.get(page.path + "/etat").json["waiting"]

    def test_when_its_ticket_is_not_ours_then_the_state_is_gone(self, rectorat):
        assert rectorat.client.get("/resultat/AAAA/etat").status_code == 410


class TestChange:
    def test_when_the_person_is_no_rectorat_staff_then_no_workstation_is_spoken_of(self, directory, rectorat):
        directory.add_person("teacher", departmentNumber="0751234A")

        page = rectorat.change("teacher", PASSWORD, NEW)

        assert "Poste de travail" not in page.main
        assert "mamiaPendingSecret" not in directory.read("teacher")


class TestReset:
    def test_when_the_person_has_a_workstation_then_it_is_queued_too(self, directory, rectorat):
        page = rectorat.choose(rectorat.prove("fdurand4"), NEW)

        assert "Poste de travail en attente" in page.main
        assert "mamiaPendingSecret" in directory.read("fdurand4")


class TestChangePage:
    def test_when_there_are_workstations_then_informations_speak_of_them(self, rectorat, open_browser):
        assert "poste de travail Windows est modifié en même temps" in rectorat.open(CHANGE).text
        assert "poste de travail Windows est modifié en même temps" not in open_browser().open(CHANGE).text


class TestGateway:
    def test_when_it_reads_the_entry_then_it_cannot_take_the_sealed_password_back(self, directory, rectorat):
        change(rectorat)

        with directory.as_service("gateway") as line:
            [(_, seen)] = line.search_s(directory.dn("fdurand4"), ldap.SCOPE_BASE, attrlist=["*", "+"])

        assert "mamiaPendingSecret" not in seen


class TestTicket:
    def test_when_the_version_before_sealed_it_then_the_result_is_shown(self, directory, build, tmp_path):
        directory.add_person(LOGIN, departmentNumber="rectorat")
        gateway = build(workstation=pending_deliveries(tmp_path))
        browser, tickets = Browser(create_app(gateway)), gateway.protection.tickets
        ticket = change(browser).path.rpartition("/")[2]
        move_to(directory, LOGIN, DeliveryStatus.DONE)
        payload = gateway.services.results.open(ticket)
        payload["propagation"]["identity"] = payload["propagation"].pop("uuid")

        page = browser.open("/resultat/" + tickets.issue("result", payload, 60))

        assert "Poste de travail actif" in page.main
