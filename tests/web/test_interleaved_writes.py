"""Two writes of one password at once, or one between what another read and wrote: one alone is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.support.browser import CHANGE, RESET, Browser, Page
from tests.support.http_server import QuietHandler, serving
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
AT_ONCE = 6
VOID = "Votre mot de passe a été modifié entre-temps"
WIDE = dict.fromkeys(("per_login", "per_proof", "per_address"), "1000/minute")


@contextmanager
def interrupted(action):
    """A service for stolen passwords that runs `action` when it is asked: after the person was proved to be who they
    are, before the write."""

    class Handler(QuietHandler):
        def do_GET(self):
            action()
            self.send_response(200)
            self.end_headers()

    with serving(Handler) as address:
        yield {"pwned_url": f"{address}/range", "pwned_timeout_seconds": 5}


@pytest.fixture
def durand(directory):
    return directory.add_person("fdurand4")


def at_once(work, each):
    """`work` for `each`, all begun together."""
    start = threading.Barrier(len(each))

    def run(one):
        start.wait()
        return work(one)

    with ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(run, each))


class TestReset:
    def test_when_all_tickets_of_a_person_are_used_at_once_then_one_alone_counts(
        self, directory, durand, open_browser
    ):
        app = open_browser(rate_limits=WIDE).app
        tickets = [(browser := Browser(app), browser.prove(durand), f"{NEW}-{n}") for n in range(AT_ONCE)]

        pages = at_once(lambda ticket: ticket[0].choose(ticket[1], ticket[2]), tickets)

        assert sorted(page.status for page in pages) == [200] + [422] * (AT_ONCE - 1)
        assert all(VOID in page.main for page in pages if page.status == 422)
        accepted = next(new for (_, _, new), page in zip(tickets, pages, strict=True) if page.status == 200)
        assert directory.binds(durand, accepted)

    def test_when_a_second_ticket_is_used_just_before_the_write_then_the_first_is_void(
        self, directory, durand, open_browser
    ):
        others: list[Callable[[], Page]] = []
        with interrupted(lambda: others and others.pop()()) as password:
            app = open_browser(rate_limits=WIDE, password=password).app
            first, second = Browser(app), Browser(app)
            first_step, second_step = first.prove(durand), second.prove(durand)
            others.append(lambda: second.choose(second_step, "Orage-Violet-26"))
            page = first.choose(first_step, NEW)

        assert VOID in page.main
        assert directory.binds(durand, "Orage-Violet-26")

    def test_when_the_second_ticket_follows_within_the_second_then_it_is_void(self, directory, durand, open_browser):
        """The time that tells whether a ticket is still good has a resolution of one second."""
        app = open_browser(rate_limits=WIDE).app
        first, second = Browser(app), Browser(app)
        wait_until(lambda: time.time() % 1 < 0.2)
        directory.set(durand, "userPassword", PASSWORD)
        first_step, second_step = first.prove(durand), second.prove(durand)

        assert first.choose(first_step, NEW).status == 200
        assert VOID in second.choose(second_step, "Orage-Violet-26").main
        assert directory.binds(durand, NEW)

    def test_when_another_client_changes_the_password_just_before_the_write_then_that_one_stays(
        self, directory, durand, open_browser
    ):
        with interrupted(lambda: directory.set(durand, "userPassword", "Autre-2025!")) as password:
            browser = open_browser(password=password)
            page = browser.choose(browser.prove(durand), NEW)

        assert VOID in page.main
        assert directory.binds(durand, "Autre-2025!")


class TestPassword:
    @pytest.mark.parametrize("path", [CHANGE, RESET])
    @pytest.mark.parametrize("mark", ["000001010000Z", "00000101000000Z", "19700101000000Z"])
    def test_when_the_account_is_closed_just_before_the_write_then_it_stays_closed(
        self, directory, durand, open_browser, path, mark
    ):
        with interrupted(lambda: directory.set(durand, "pwdAccountLockedTime", mark)) as password:
            browser = open_browser(password=password)
            page = (
                browser.change(durand, PASSWORD, NEW)
                if path == CHANGE
                else browser.choose(browser.prove(durand), NEW)
            )

        assert page.status == 422
        assert directory.read(durand)["pwdAccountLockedTime"] == [mark]


class TestChange:
    def test_when_another_client_changes_the_password_just_before_the_write_then_that_one_stays(
        self, directory, durand, open_browser
    ):
        directory.set(durand, "pwdChangedTime", "20260101000000Z")
        with interrupted(lambda: directory.set(durand, "userPassword", "Autre-2025!")) as password:
            page = open_browser(password=password).change(durand, PASSWORD, NEW)

        assert page.status == 422
        assert VOID in page.main
        assert directory.binds(durand, "Autre-2025!")

    def test_when_wrong_passwords_come_in_between_then_it_is_done(self, directory, durand, open_browser):
        """They change the entry, but neither its password nor who may use it."""
        with interrupted(lambda: directory.binds(durand, "certainly wrong")) as password:
            page = open_browser(password=password).change(durand, PASSWORD, NEW)

        assert page.status == 200
        assert directory.binds(durand, NEW)
