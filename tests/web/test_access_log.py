"""One line a request: who, what, how it ended, how long; no ticket, no query, nothing that was typed."""

from __future__ import annotations

import logging

from tests.support.browser import CHANGE, FIND
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "gateway.web.access_log"]


class TestRequest:
    def test_when_answered_then_its_line_names_the_route_status_and_time(self, browser, caplog):
        caplog.set_level(logging.INFO)

        browser.open(FIND)

        [line] = lines(caplog)
        assert line.startswith(f"127.0.0.1 GET {FIND} 200 ")
        assert line.endswith(" ms")

    def test_when_its_address_holds_a_ticket_then_the_line_does_not(self, directory, browser, caplog):
        caplog.set_level(logging.INFO)
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", PASSWORD, NEW)

        ticket = page.path.rpartition("/")[2]
        assert "127.0.0.1 GET /resultat/<ticket> 200" in "\n".join(lines(caplog))
        assert not any(secret in "\n".join(lines(caplog)) for secret in (ticket, PASSWORD, NEW, "fdurand4"))

    def test_when_its_query_or_path_is_strange_then_neither_is_written(self, browser, caplog):
        caplog.set_level(logging.INFO)

        browser.client.get("/nulle-part/12E8534567ABC")
        browser.client.get(CHANGE, query_string={"numen": "12E8534567ABC"})

        assert "12E8534567ABC" not in "\n".join(lines(caplog))
        assert "(no such page) 404" in lines(caplog)[0]

    def test_when_the_log_is_off_then_nothing_is_written(self, open_browser, caplog):
        caplog.set_level(logging.INFO)

        open_browser(web={"access_log": False}).open("/")

        assert lines(caplog) == []
