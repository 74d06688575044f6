"""The result page in a real browser: it follows the password to the workstation without being reloaded."""

from __future__ import annotations

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
    page.wait_for_selector("#cibles")


class TestResult:
    @pytest.mark.parametrize(
        "step, reason, reported",
        [(DeliveryStatus.DONE, "", "en place"), (DeliveryStatus.REJECTED, "in_history", "y a déjà servi")],
    )
    def test_when_the_worker_goes_on_then_the_open_page_tells_it_without_reloading_and_stops_asking(
        self, directory, address, open_page, step, reason, reported
    ):
        page = open_page()
        page.clock.install()
        change(page, address)
        assert "en attente" in page.inner_text("#cibles")

        move_to(directory, LOGIN, step, reason)

        page.wait_for_function(
            "reported => document.querySelector('#cibles').innerText.includes(reported)", arg=reported
        )
        page.wait_for_selector("#actualiser", state="hidden")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.run_for(5 * 60 * 1000)
        assert asked == []

    def test_when_there_is_no_javascript_then_its_link_refreshes_it(self, directory, address, open_page):
        page = open_page(java_script_enabled=False)
        change(page, address)
        move_to(directory, LOGIN, DeliveryStatus.DONE)

        follow(page, "#actualiser a")

        assert "en place" in page.inner_text("#cibles")
