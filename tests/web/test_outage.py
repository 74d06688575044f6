"""The directory is down, hangs, or dies in the middle: nobody reads "wrong password", and nobody reads "done"."""

from __future__ import annotations

import logging
import re
import threading

import pytest

from gateway.app import create_app
from gateway.checks.finding import ok
from gateway.checks.readiness import Readiness
from gateway.logs import LINE, RequestIdFilter
from tests.support.browser import CHANGE, FIND, RESET, Browser
from tests.support.gateway_settings import IMPATIENT
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
DOWN = "ne répond pas pour le moment"


class TestService:
    @pytest.mark.parametrize(
        "path, typed",
        [
            (FIND, {"surname": "Durand", "given_name": "François", "birth_date": "27/03/1985"}),
            (RESET, {"login": "fdurand4", "proof": "12E8534567ABC", "birth_date": "27/03/1985"}),
            (CHANGE, {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}),
        ],
    )
    def test_when_the_directory_is_down_then_the_page_says_so_and_keeps_the_form(
        self, directory, browser, caplog, path, typed
    ):
        directory.kill()

        page = browser.fill_in(path, **typed)

        assert page.status == 503
        assert DOWN in page.main
        for name, value in typed.items():
            is_secret = "password" in name or name in ("confirmation", "proof")
            assert page.fields[name] == ("" if is_secret else value)
        assert PASSWORD not in page.source
        assert NEW not in page.source
        assert "directory_unavailable" in caplog.text
        assert PASSWORD not in caplog.text

    def test_when_the_directory_is_down_then_the_log_line_and_the_page_carry_one_request_id(
        self, directory, browser, caplog
    ):
        caplog.handler.addFilter(RequestIdFilter())
        caplog.handler.setFormatter(logging.Formatter(LINE))
        directory.kill()

        page = browser.find("Durand", "François")

        [line] = [line for line in caplog.text.splitlines() if "directory_unavailable" in line]
        [number] = re.findall(r"request=(\w+) ", line)
        assert number in page.source

    def test_when_the_directory_hangs_then_the_page_says_so_in_time(self, directory, open_browser):
        browser = open_browser(directory=IMPATIENT)
        directory.pause()
        try:
            page = browser.change("fdurand4", PASSWORD, NEW)
        finally:
            directory.resume()

        assert page.status == 503
        assert DOWN in page.main


class TestSecondStep:
    def test_when_the_directory_is_down_then_the_same_page_serves_once_it_is_back(self, directory, browser):
        directory.add_person("fdurand4")
        second_step = browser.prove("fdurand4")
        directory.kill()

        page = browser.choose(second_step, NEW)

        assert page.status == 503
        assert NEW not in page.source
        directory.slapd.start()
        browser.choose(page, NEW)
        assert directory.binds("fdurand4", NEW)


class TestChange:
    def test_when_the_directory_falls_silent_at_the_write_then_the_page_says_that_nobody_knows(
        self, directory, build, monkeypatch
    ):
        """slapd is stopped between the proof of the current password and the Modify."""
        directory.add_person("late")
        gateway = build(directory=IMPATIENT)
        service = gateway.directory.service
        run_once_where = service.run_once_where

        def pause_and_tell(write):
            directory.pause()
            return run_once_where(write)

        monkeypatch.setattr(type(service), "run_once_where", lambda self, write: pause_and_tell(write))
        try:
            page = Browser(create_app(gateway)).change("late", PASSWORD, NEW)
        finally:
            directory.resume()

        assert page.status == 503
        assert "peut-être" in page.main
        assert "Mot de passe modifié" not in page.main


class TestChanges:
    def test_when_slapd_is_killed_among_them_then_each_page_tells_the_truth(self, directory, open_browser):
        """Ten people change at once while slapd is killed and comes back: "done" is only said of what is in force."""
        logins = [directory.add_person(f"person{number}") for number in range(10)]
        pages = {}

        def change(login):
            pages[login] = open_browser().change(login, PASSWORD, NEW)

        threads = [threading.Thread(target=change, args=(login,)) for login in logins]
        for thread in threads[:5]:
            thread.start()
        wait_until(lambda: bool(pages))
        directory.kill()
        for thread in threads[5:]:
            thread.start()
        for thread in threads:
            thread.join()
        directory.slapd.start()

        done = {login for login, page in pages.items() if page.status == 200 and "Mot de passe modifié" in page.main}
        assert sorted(pages) == sorted(logins)
        assert {pages[login].status for login in set(logins) - done} == {503}
        assert done
        assert [login for login in done if not directory.binds(login, NEW)] == []


class TestHealth:
    def test_when_the_directory_is_down_then_the_process_is_alive_and_not_ready(self, directory, browser):
        assert browser.client.get("/health/ready").status_code == 200

        directory.kill()

        assert browser.client.get("/health/live").status_code == 200
        assert browser.client.get("/health/ready").status_code == 503

    def test_when_the_store_is_gone_then_it_is_not_ready_and_says_which_check_failed(self, directory, open_browser):
        answer = open_browser(rate_limits={"store": f"redis://127.0.0.1:{free_port()}/0"}).client.get("/health/ready")

        assert answer.status_code == 503
        assert answer.json["checks"]["rate_limits.store"] == "FAIL"

    def test_when_asked_often_then_its_checks_are_kept_for_a_while(self):
        asked = []

        def check():
            asked.append(1)
            return ok("something", "is well")

        seconds = iter([100.0, 100.0, 101.0, 103.0, 103.0])
        ready = Readiness([check], kept_seconds=2, monotonic=lambda: next(seconds))

        assert ready() == ready() == ready() == {"something": "OK"}
        assert len(asked) == 2
