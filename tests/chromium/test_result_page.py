"""The result page in a real browser: it follows the password to the workstation without being reloaded."""

from __future__ import annotations

import re

import pytest

from gateway.workstation.state import DeliveryStatus
from tests.support.browser import CHANGE
from tests.support.page_actions import follow
from tests.support.pending_deliveries import move_to, pending_deliveries
from tests.support.slapd_server import PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"


@pytest.fixture
def address(directory, serve, tmp_path):
    directory.add_person(LOGIN, departmentNumber="rectorat")
    return serve(workstation=pending_deliveries(tmp_path))


def change(page, address):
    page.goto(address + CHANGE)
    for name, value in (
        ("login", "fdurand4"),
        ("current_password", PASSWORD),
        ("new_password", NEW),
        ("confirmation", NEW),
    ):
        page.fill(f"[name={name}]", value)
    page.click("main button:visible:has-text('Modifier mon mot de passe')")
    page.wait_for_selector("#resultat")


OBSERVE = """() => {
  window.said = [];
  const note = () => window.said.push(document.getElementById("annonce").textContent);
  new MutationObserver(note).observe(document.getElementById("annonce"), {childList: true});
}"""
"""Collects what a screen reader is told."""


def words(page, selector):
    return re.sub(r"\s+", " ", page.inner_text(selector))


class TestResult:
    @pytest.mark.parametrize(
        "step, reason, heading, badge, next_step",
        [
            (DeliveryStatus.DONE, "", "Mot de passe modifié", "actif", "Remplacez l’ancien mot de passe"),
            (
                DeliveryStatus.REJECTED,
                "in_history",
                "Mot de passe modifié, mais pas sur le poste de travail",
                "refusé",
                "Choisissez un autre mot de passe",
            ),
        ],
    )
    def test_when_the_worker_goes_on_then_heading_state_and_next_step_change_together_and_it_stops_asking(
        self, directory, address, open_page, step, reason, heading, badge, next_step
    ):
        page = open_page()
        page.clock.install()
        change(page, address)
        assert words(page, "h1") == "Mot de passe modifié, mais pas encore sur le poste de travail"
        assert words(page, ".target:last-child .badge") == "en attente"

        move_to(directory, LOGIN, step, reason)

        page.wait_for_selector("#actualiser", state="hidden")
        assert words(page, "h1") == heading
        assert page.title().startswith(f"{heading} – ")
        assert words(page, ".target:last-child .badge") == badge
        assert words(page, ".next-step").startswith(next_step)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.run_for(5 * 60 * 1000)
        assert asked == []

    def test_when_the_state_changes_then_heading_and_next_step_are_announced_once(
        self, directory, address, open_page
    ):
        page = open_page()
        change(page, address)
        page.evaluate(OBSERVE)

        move_to(directory, LOGIN, DeliveryStatus.REJECTED, "too_short")

        page.wait_for_selector("#actualiser", state="hidden")
        [said] = page.evaluate("() => window.said")
        assert said.startswith("Mot de passe modifié, mais pas sur le poste de travail. Choisissez un autre mot")

    def test_when_the_state_stays_the_same_then_nothing_is_exchanged_or_announced(self, address, open_page):
        page = open_page()
        change(page, address)
        page.evaluate(OBSERVE)
        page.evaluate("() => { document.querySelector('#resultat h1').dataset.mark = 'same' }")

        for _ in range(2):
            page.wait_for_event("requestfinished", lambda request: request.url.endswith("/etat"))

        assert page.get_attribute("#resultat h1", "data-mark") == "same"
        assert page.evaluate("() => window.said") == []

    def test_when_a_link_has_the_focus_then_it_keeps_it(self, directory, serve, open_page, tmp_path):
        directory.add_person(LOGIN, departmentNumber="rectorat")
        links = {"academy": {"webmail_url": "https://webmail.ac-example.fr/"}}
        page = open_page()
        change(page, serve(**links, workstation=pending_deliveries(tmp_path)))
        page.focus("text=Ouvrir la messagerie")

        move_to(directory, LOGIN, DeliveryStatus.DONE)

        page.wait_for_selector("#actualiser", state="hidden")
        assert page.evaluate("() => document.activeElement.innerText") == "Ouvrir la messagerie"

    def test_when_the_service_fails_for_a_moment_then_it_asks_again(self, directory, address, open_page):
        page = open_page()
        refused: list[str] = []

        def refuse_first(route):
            if refused:
                route.continue_()
            else:
                refused.append(route.request.url)
                route.fulfill(status=503)

        page.route("**/etat", refuse_first)
        change(page, address)
        move_to(directory, LOGIN, DeliveryStatus.DONE)

        page.wait_for_selector("#actualiser", state="hidden")
        assert len(refused) == 1
        assert words(page, ".target:last-child .badge") == "actif"

    def test_when_there_is_no_javascript_then_its_link_refreshes_it(self, directory, address, open_page):
        page = open_page(java_script_enabled=False)
        change(page, address)
        move_to(directory, LOGIN, DeliveryStatus.DONE)

        follow(page, "#actualiser a")

        assert words(page, "h1") == "Mot de passe modifié"
        assert page.locator("#actualiser").count() == 0
