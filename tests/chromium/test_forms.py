"""What forms do for people in a hurry: a second click, the way back, a panel that follows, nothing that jumps."""

from __future__ import annotations

import time

import pytest
from werkzeug.wrappers import Response

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.page_actions import change, fill, send
from tests.support.slapd_server import PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"
STEADY = 0.01
"""Cumulative layout shift; 0.1 is what browsers' makers call good."""


@pytest.fixture
def page(directory, open_page):
    directory.add_person(LOGIN)
    return open_page()


class TestForm:
    def test_when_it_is_clicked_twice_then_it_is_sent_once(self, page, serve, directory):
        page.goto(serve() + CHANGE)
        sent = []
        page.on("request", lambda request: sent.append(request.method))
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        page.evaluate(
            "() => { const b = document.querySelector('#service > button:not(.first)'); b.click(); b.click(); }"
        )
        page.wait_for_selector(".alert-success")

        assert sent.count("POST") == 1
        assert directory.binds(LOGIN, NEW)

    def test_when_it_comes_back_with_an_error_then_answers_are_kept_and_passwords_are_not(self, page, serve):
        change(page, serve() + CHANGE, "Faux-2024", NEW)

        assert page.input_value("[name=login]") == LOGIN
        assert [
            page.input_value(f"[name={name}]") for name in ("current_password", "new_password", "confirmation")
        ] == [
            "",
            "",
            "",
        ]


class TestBack:
    def test_when_a_password_was_changed_then_nothing_is_sent_again_and_no_password_is_shown(
        self, page, serve, directory
    ):
        address = serve() + CHANGE
        change(page, address, PASSWORD, NEW)
        sent = []
        page.on("request", lambda request: sent.append(request.method))

        page.go_back()

        assert page.url == address
        assert "POST" not in sent
        assert page.input_value("[name=new_password]") == ""
        change(page, address, NEW, "Troisieme-2026!")
        assert directory.binds(LOGIN, "Troisieme-2026!")

    def test_when_the_result_is_reloaded_then_nothing_is_changed_again(self, page, serve, directory):
        change(page, serve() + CHANGE, PASSWORD, NEW)
        stamp = directory.read(LOGIN)["pwdChangedTime"]

        page.reload()

        assert page.locator(".alert-success").count() == 1
        assert directory.read(LOGIN)["pwdChangedTime"] == stamp


def layout_shift(page):
    """Cumulative, of all that has happened until now."""
    return page.evaluate(
        """() => new Promise(done => {
            let sum = 0;
            new PerformanceObserver(list => list.getEntries().forEach(entry => (sum += entry.value)))
                .observe({ type: "layout-shift", buffered: true });
            setTimeout(() => done(sum), 300);
        })"""
    )


def panel_late(app):
    """The line stops for half a second where the panel begins, when the form is on the screen already."""

    def answer(environ, start_response):
        response = Response.from_app(app, environ, buffered=True)
        before, panel, after = response.get_data().partition(b"<aside")

        def parts():
            yield before
            if panel:
                time.sleep(0.5)
                yield panel + after

        response.response = parts()
        return response(environ, start_response)

    return answer


class TestPage:
    @pytest.mark.parametrize("width", [360, 1280])
    @pytest.mark.parametrize("path", ["/", FIND, RESET, CHANGE, "/assistance", "/questions-frequentes"])
    def test_when_it_loads_then_nothing_jumps(self, page, serve, path, width):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(serve(captcha={"required": ["find", "reset", "change"]}) + path)
        page.wait_for_load_state("networkidle")

        assert layout_shift(page) < STEADY

    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_its_panel_comes_late_then_the_form_stays_where_it_was(self, page, serve, path):
        page.goto(serve(line=panel_late, captcha={"required": ["find", "reset", "change"]}) + path)
        page.wait_for_load_state("networkidle")

        assert layout_shift(page) < STEADY


class TestFind:
    def test_when_nobody_is_found_then_the_answers_can_be_corrected(self, page, serve):
        page.goto(serve() + FIND)
        fill(page, surname="Durandt", given_name="François", birth_date="27/03/1985")
        send(page)
        fill(page, surname="Durand")
        send(page)

        assert LOGIN in page.inner_text("main")
