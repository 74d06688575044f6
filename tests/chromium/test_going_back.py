"""Going back, reloading and coming back to a discarded tab: the browser never asks to send a form again."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.page_actions import choose, fill, follow, prove, send
from tests.support.slapd_server import NUMEN, PASSWORD

NO_CAPTCHA: dict[str, dict[str, list[str]]] = {"captcha": {"required": []}}
BIRTH_DATE = "27/03/1985"
LOGIN, NEW = "fdurand4", "Nouveau-2025"


@pytest.fixture
def page(directory, open_page):
    """That fails the test where a form is sent by anything but a press of its button."""
    directory.add_person(LOGIN)
    return open_page()


def methods_of(page):
    """The methods of the requests for pages from now on."""
    seen = []
    page.on("request", lambda request: seen.append(request.method) if request.is_navigation_request() else None)
    return seen


class TestReload:
    @pytest.mark.parametrize(
        "path, typed, shown",
        [
            (FIND, {"surname": "Durand", "given_name": "François", "birth_date": BIRTH_DATE}, LOGIN),
            (FIND, {"surname": "Nemo", "given_name": "Nobody", "birth_date": BIRTH_DATE}, "Aucun compte"),
            (RESET, {"login": LOGIN, "proof": NUMEN, "birth_date": BIRTH_DATE}, "Choisir un nouveau mot de passe"),
            (
                CHANGE,
                {"login": LOGIN, "current_password": "x", "new_password": NEW, "confirmation": NEW},
                "mot de passe",
            ),
        ],
        ids=["found", "nobody", "choose", "refused"],
    )
    def test_when_a_page_after_a_form_is_reloaded_then_nothing_is_sent(self, page, serve, path, typed, shown):
        page.goto(serve(**NO_CAPTCHA) + path)
        fill(page, **typed)
        send(page)
        before, methods = page.inner_text("main"), methods_of(page)

        page.reload()

        assert methods == ["GET"]
        assert page.inner_text("main") == before
        assert shown in before

    def test_when_the_language_was_switched_then_reloading_sends_nothing(self, page, serve):
        prove(page, serve(**NO_CAPTCHA) + RESET)
        follow(page, "button[value=en]")
        methods = methods_of(page)

        page.reload()

        assert methods == ["GET"]
        assert page.locator("[name=new_password]").count() == 1
        assert page.get_attribute("html", "lang") == "en"


class TestBack:
    def test_when_one_goes_back_after_a_mistake_then_the_form_is_there_without_a_question(self, page, serve):
        page.goto(serve(**NO_CAPTCHA) + RESET)
        fill(page, login=LOGIN, proof="98X7654321ZZZ", birth_date=BIRTH_DATE)
        send(page)
        methods = methods_of(page)

        page.go_back()

        assert methods in ([], ["GET"])
        assert page.input_value("[name=login]") == LOGIN
        assert page.input_value("[name=birth_date]") == BIRTH_DATE

    def test_when_one_goes_back_from_the_choice_and_forward_again_then_it_can_be_made(self, page, serve, directory):
        prove(page, serve(**NO_CAPTCHA) + RESET)
        page.go_back()
        page.go_forward()

        choose(page, NEW)

        assert directory.binds(LOGIN, NEW)

    def test_when_one_goes_back_from_the_result_then_nothing_is_sent(self, page, serve, directory):
        page.goto(serve(**NO_CAPTCHA) + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        send(page)
        methods = methods_of(page)

        page.go_back()

        assert "POST" not in methods
        assert page.input_value("[name=current_password]") == ""


class TestFoundAccount:
    def test_when_a_reset_begins_there_then_only_the_number_has_to_be_typed(self, page, serve, directory):
        page.goto(serve(**NO_CAPTCHA) + FIND)
        fill(page, surname="Durand", given_name="François", birth_date=BIRTH_DATE)
        send(page)
        follow(page, "button[name=account]")

        fill(page, proof=NUMEN)
        send(page)
        choose(page, NEW)

        assert directory.binds(LOGIN, NEW)
        assert BIRTH_DATE not in page.url


class TestTimeToChoose:
    def test_when_it_ends_soon_then_it_is_said_and_more_time_keeps_what_was_typed(self, page, serve, directory):
        page.clock.install()
        prove(page, serve(**NO_CAPTCHA) + RESET)
        # The browser's time; at the server all ten minutes are left.
        page.clock.fast_forward("08:01")
        page.wait_for_function("() => document.getElementById('fin-message').textContent.includes('deux minutes')")
        fill(page, new_password=NEW, confirmation=NEW)

        page.click("button[name=extend]")
        page.wait_for_function("() => document.getElementById('fin-message').textContent.includes('plus de temps')")
        send(page)

        assert directory.binds(LOGIN, NEW)

    def test_when_there_is_time_then_the_button_waits(self, page, serve):
        prove(page, serve(**NO_CAPTCHA) + RESET)

        page.wait_for_selector("button[name=extend]", state="hidden")
        assert page.inner_text("#fin-message") == ""
