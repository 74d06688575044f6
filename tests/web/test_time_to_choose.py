"""The time to choose a password: it can be extended once, and never beyond fifteen minutes after the proofs."""

from __future__ import annotations

import time

import pytest

from gateway.app import create_app
from gateway.services.choice import MAX_SECONDS
from tests.support.browser import RESET, Browser

NEW, OTHER = "Nouveau-2025", "Encore-Autre-2026"
MINUTES = 60


@pytest.fixture
def gateway(directory, build):
    directory.add_person("fdurand4")
    return build(captcha={"required": []})


@pytest.fixture
def browser(gateway):
    return Browser(create_app(gateway))


def ticket_in(gateway, page):
    return gateway.protection.tickets.open(gateway.services.reset.steps.purpose, page.fields["ticket"])


def extend(browser, page):
    return browser.post(RESET, {**page.fields, "extend": "1"})


class TestExtension:
    def test_when_it_is_asked_for_then_the_choice_ends_fifteen_minutes_after_the_proofs(self, gateway, browser):
        proved = browser.prove("fdurand4")

        extended = extend(browser, proved)

        ends = [ticket_in(gateway, page).expires for page in (proved, extended)]
        assert ends[1] - ends[0] == MAX_SECONDS - 10 * MINUTES
        assert "Prolonger de 5 minutes" in proved.main

    def test_when_it_was_extended_then_the_password_can_be_chosen(self, directory, browser):
        extended = extend(browser, browser.prove("fdurand4"))

        browser.choose(extended, NEW)

        assert directory.binds("fdurand4", NEW)

    def test_when_the_button_is_pressed_twice_then_the_choice_stays_open(self, directory, browser):
        proved = browser.prove("fdurand4")
        extend(browser, proved)
        extended = extend(browser, proved)

        browser.choose(extended, NEW)

        assert directory.binds("fdurand4", NEW)

    def test_when_a_password_was_chosen_then_no_ticket_chooses_another(self, directory, browser):
        proved = browser.prove("fdurand4")
        extended = extend(browser, proved)
        browser.choose(proved, NEW)

        pages = [browser.choose(extended, OTHER), browser.choose(extend(browser, proved), OTHER)]

        assert [page.status for page in pages] == [422, 422]
        assert directory.binds("fdurand4", NEW)

    def test_when_it_is_asked_for_again_then_the_end_stays(self, gateway, browser):
        once = extend(browser, browser.prove("fdurand4"))

        twice = extend(browser, once)

        assert "Prolonger" not in once.main
        assert ticket_in(gateway, once).expires == ticket_in(gateway, twice).expires

    def test_when_a_password_was_refused_meanwhile_then_it_is_not_offered_again(self, gateway, browser):
        refused = browser.choose(extend(browser, browser.prove("fdurand4")), "court")

        again = extend(browser, refused)

        assert ticket_in(gateway, again).expires == ticket_in(gateway, refused).expires

    def test_when_the_choice_is_over_then_it_begins_anew(self, gateway, browser):
        proved = browser.prove("fdurand4")
        steps, ticket = gateway.services.reset.steps, ticket_in(gateway, proved)
        proved.fields["ticket"] = steps.tickets.reissue(steps.purpose, ticket.payload, int(time.time()) - 1)

        page = extend(browser, proved)

        assert page.status == 422
        assert (page.fields["login"], page.fields["proof"]) == ("fdurand4", "")

    def test_when_tickets_get_shorter_meanwhile_then_it_still_ends_fifteen_minutes_after_the_proofs(
        self, directory, build
    ):
        directory.add_person("fdurand4")
        alike = {
            "captcha": {"required": []},
            "web": {"secret_keys": ["0123456789abcdefghijklmnopqrstuvwxyz"], "secure_cookies": False},
        }
        gateway = build(**alike)
        browser = Browser(create_app(gateway))
        proved = browser.prove("fdurand4")
        end = ticket_in(gateway, proved).expires
        browser.client.application = create_app(build(**alike, reset={"ticket_minutes": 1}))

        extended = extend(browser, proved)

        assert ticket_in(gateway, extended).expires == end - 10 * MINUTES + MAX_SECONDS

    def test_when_a_ticket_has_fifteen_minutes_anyway_then_it_is_not_offered(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(captcha={"required": []}, reset={"ticket_minutes": 15})

        assert "Prolonger" not in browser.prove("fdurand4").main

    def test_when_the_store_cannot_be_reached_then_the_choice_stays_open(self, directory, open_browser, redis):
        directory.add_person("fdurand4")
        browser = open_browser(captcha={"required": []}, rate_limits={"store": redis.url})
        proved = browser.prove("fdurand4")
        redis.stop()

        page = extend(browser, proved)

        assert page.status == 503
        assert page.fields["ticket"] == proved.fields["ticket"]
        assert page.fields.keys() >= {"new_password", "confirmation"}


class TestReload:
    def test_when_the_choice_is_over_then_the_first_form_says_so(self, gateway, browser):
        proved = browser.prove("fdurand4")
        steps, ticket = gateway.services.reset.steps, ticket_in(gateway, proved)
        over = steps.tickets.reissue(steps.purpose, ticket.payload, int(time.time()) - 1)
        sent = browser.post(RESET, {**proved.fields, "ticket": over, "langue": "fr"})

        page = browser.open(f"{RESET}/suite")

        assert (sent.status, page.status) == (422, 422)
        assert "new_password" not in page.fields
        assert (page.fields["login"], page.fields["proof"]) == ("fdurand4", "")
