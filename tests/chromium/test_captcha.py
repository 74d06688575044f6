"""The CAPTCHA in a real browser, under the pages' own Content-Security-Policy."""

from __future__ import annotations

import base64
import json
import threading
from urllib.parse import parse_qs

import pytest

from gateway.protection.captcha.proof_of_work import MAX_GUESSES
from gateway.protection.rate_limiting.limiter import Pressure
from gateway.protection.replay import MemoryReplayCache
from gateway.protection.tickets import Ticket, Tickets
from tests.support.accessibility import problems_of
from tests.support.browser import CHANGE, FIND
from tests.support.page_actions import fill, words
from tests.support.page_actions import send as send_and_wait
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
ON = {"required": ["change"]}
CHARACTERS = {"required": ["change"], "methods": ["picture", "sound"]}
WEB = {"secret_keys": [KEY], "secure_cookies": False}
WORK = "**/captcha/work"
WITHOUT_WEBCRYPTO = "Object.defineProperty(crypto, 'subtle', { value: undefined })"
PRESS_THREE_TIMES = "b => { b.click(); b.click(); b.click(); }"


@pytest.fixture
def person(directory):
    directory.add_person("fdurand4")


@pytest.fixture
def page(person, serve, open_page):
    page = open_page()
    page.goto(serve(captcha=ON, web=WEB) + CHANGE)
    return page


@pytest.fixture
def characters(person, serve, open_page):
    """The page where the academy offers no automatic check."""
    page = open_page()
    page.goto(serve(captcha=CHARACTERS, web=WEB) + CHANGE)
    return page


def type_all(page, **changed):
    typed = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
    fill(page, **typed, **changed)


def send(page):
    page.click("main button:visible:has-text('Modifier mon mot de passe')")


def answer_of(page):
    """What a person reads in the picture."""
    ticket = Tickets([KEY], replay_cache=MemoryReplayCache()).open("captcha", page.input_value("#challenge"))
    assert isinstance(ticket, Ticket)
    return ticket.payload["answer"]


def forms_sent(page):
    """The forms that the page sends from now on, each as its fields."""
    sent = []

    def keep(request):
        if request.method == "POST" and request.url.endswith(CHANGE):
            sent.append({name: values[0] for name, values in parse_qs(request.post_data).items()})

    page.on("request", keep)
    return sent


def task_in(form):
    """The parameters of the task that a form's proof of work solves."""
    return json.loads(base64.b64decode(form["altcha"]))["challenge"]["parameters"]


def early_task(page):
    """The parameters of the task that is fetched when somebody begins to type."""
    with page.expect_response(WORK) as answer:
        page.focus("[name=login]")
    return answer.value.json()["task"]["parameters"]


class TestAutomaticCheck:
    def test_when_the_form_is_sent_then_nothing_was_to_be_copied_or_clicked(self, page, directory):
        type_all(page)
        send(page)

        page.wait_for_selector("text=Mot de passe modifié")
        assert directory.binds("fdurand4", NEW)

    def test_when_only_the_keyboard_is_used_then_enter_is_enough(self, directory, page):
        type_all(page)
        page.keyboard.press("Enter")

        page.wait_for_selector("text=Mot de passe modifié")
        assert directory.binds("fdurand4", NEW)

    def test_when_shown_then_its_words_are_french_and_no_picture_is_loaded(self, person, serve, open_page):
        page = open_page()
        loaded = []
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(serve(captcha=ON) + CHANGE, wait_until="networkidle")

        assert "Automatique : rien à recopier" in words(page, ".captcha")
        assert not any(".png" in url or ".wav" in url for url in loaded)

    def test_when_the_button_is_pressed_three_times_then_one_form_is_sent(self, page):
        sent = forms_sent(page)
        type_all(page)
        page.eval_on_selector("#service > button:not(.first)", PRESS_THREE_TIMES)
        page.wait_for_selector("text=Mot de passe modifié")

        assert len(sent) == 1

    def test_when_somebody_begins_to_type_then_the_work_that_is_sent_was_begun_then(self, page):
        begun = early_task(page)
        sent = forms_sent(page)
        type_all(page)
        send(page)
        page.wait_for_selector("text=Mot de passe modifié")

        assert task_in(sent[0]) == begun

    def test_when_its_task_is_fetched_then_the_login_is_not_in_the_address(self, page):
        type_all(page)
        with page.expect_request(WORK) as fetched:
            send(page)

        assert "fdurand4" not in fetched.value.url
        assert "fdurand4" in fetched.value.post_data
        assert PASSWORD not in fetched.value.post_data

    def test_when_it_takes_long_then_the_page_says_so_and_keeps_what_was_typed(self, person, serve, open_page):
        released = threading.Event()

        def held(app):
            def answer(environ, start_response):
                if environ["PATH_INFO"] == "/captcha/work":
                    released.wait()
                return app(environ, start_response)

            return answer

        page = open_page()
        page.goto(serve(line=held, captcha=ON) + CHANGE)
        type_all(page)
        send(page)
        page.wait_for_selector("#envoi[role=status]:has-text('elle dure plus longtemps que d’habitude')")
        kept, faults = page.input_value("[name=new_password]"), problems_of(page, "work-long")
        released.set()
        page.wait_for_selector("text=Mot de passe modifié")

        assert kept == NEW
        assert faults == []

    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_when_it_fails_then_the_characters_come_and_nothing_wrong_is_with_the_page(
        self, person, serve, open_page, language
    ):
        page = open_page(locale=language)
        page.goto(serve(captcha=ON, web=WEB) + CHANGE)
        page.route(WORK, lambda route: route.fulfill(status=503))
        type_all(page)
        page.click("#service > button:not(.first)")

        page.wait_for_selector("#captcha-image")
        assert page.input_value("[name=new_password]") == NEW
        assert problems_of(page, "work-failed") == []

    def test_when_it_fails_then_a_copied_picture_serves_without_typing_again(self, page, directory):
        page.route(WORK, lambda route: route.fulfill(status=503))
        type_all(page)
        send(page)
        page.wait_for_selector("#envoi:has-text('La vérification automatique a échoué')")
        page.fill("#captcha", answer_of(page))
        send(page)

        page.wait_for_selector("text=Mot de passe modifié")
        assert directory.binds("fdurand4", NEW)

    def test_when_it_alone_is_offered_and_fails_then_nothing_is_sent(self, person, serve, open_page, directory):
        page = open_page()
        page.goto(serve(captcha={**ON, "methods": ["automatic"]}) + CHANGE)
        page.route(WORK, lambda route: route.fulfill(status=503))
        sent = forms_sent(page)
        type_all(page)
        send(page)
        page.wait_for_selector("#envoi:has-text('Réessayez dans quelques minutes')")
        page.unroute(WORK)
        send(page)

        page.wait_for_selector("text=Mot de passe modifié")
        assert len(sent) == 1

    def test_when_the_browser_has_no_webcrypto_then_the_characters_serve(self, person, serve, open_page, directory):
        """As under http, on another host than this machine."""
        page = open_page()
        page.add_init_script(WITHOUT_WEBCRYPTO)
        page.goto(serve(captcha=ON, web=WEB) + CHANGE)
        type_all(page)
        page.fill("#captcha", answer_of(page))
        send(page)

        page.wait_for_selector("text=Mot de passe modifié")
        assert directory.binds("fdurand4", NEW)


class TestPressure:
    def test_when_it_rises_while_somebody_types_then_more_work_is_done_and_nothing_is_typed_again(
        self, person, serve, open_page, directory
    ):
        address = serve(captcha=ON, rate_limits={"overall": "100/5 minutes", "pressure_percent": 1})
        page = open_page()
        page.goto(address + CHANGE)
        begun = early_task(page)
        another = open_page(java_script_enabled=False)
        another.goto(address + FIND)
        fill(another, surname="Nemo", given_name="Nobody", birth_date="27/03/1985")
        send_and_wait(another)
        sent = forms_sent(page)
        type_all(page)
        send(page)
        page.wait_for_selector("text=Mot de passe modifié")

        assert begun["data"]["guesses"] == MAX_GUESSES[Pressure.NORMAL]
        assert [task_in(form)["data"]["guesses"] for form in sent] == [MAX_GUESSES[Pressure.RAISED]]


class TestNetwork:
    def test_when_it_changes_while_somebody_types_then_work_is_done_again_and_nothing_is_typed_again(
        self, person, serve, open_page, directory
    ):
        behind = {**WEB, "trusted_proxies": 1}
        page = open_page(extra_http_headers={"X-Forwarded-For": "2001:db8::1"})
        page.goto(serve(captcha=ON, web=behind) + CHANGE)
        begun = early_task(page)
        page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.1"})
        sent = forms_sent(page)
        type_all(page)
        send(page)
        page.wait_for_selector("text=Mot de passe modifié")

        assert len(sent) == 1
        assert task_in(sent[0])["data"]["network"] != begun["data"]["network"]


class TestFind:
    def test_when_its_name_was_searched_often_then_work_is_done_without_a_word(self, person, serve, open_page):
        page = open_page()
        page.goto(serve(captcha=ON, rate_limits={"per_name": "1/hour"}) + FIND)
        for day in ("26/03/1985", "27/03/1985"):
            fill(page, surname="Durand", given_name="François", birth_date=day)
            send_and_wait(page)

        assert "fdurand4" in page.inner_text("main")


class TestTwoTabs:
    def test_when_both_are_sent_then_both_count(self, directory, serve, open_page):
        directory.add_person("fdurand4")
        address = serve(captcha=ON) + CHANGE
        first = open_page()
        second = first.context.new_page()
        for tab in (first, second):
            tab.goto(address)
        for tab, current, new in ((second, PASSWORD, NEW), (first, NEW, "Troisieme-2026!")):
            type_all(tab)
            fill(tab, current_password=current, new_password=new, confirmation=new)
            send(tab)
            tab.wait_for_selector("text=Mot de passe modifié")

        assert directory.binds("fdurand4", "Troisieme-2026!")


class TestBack:
    def test_when_the_form_is_filled_in_again_then_new_work_serves(self, page, directory):
        type_all(page)
        send(page)
        page.wait_for_selector("text=Mot de passe modifié")
        page.go_back()
        type_all(page)
        fill(page, current_password=NEW, new_password="Troisieme-2026!", confirmation="Troisieme-2026!")
        send(page)

        page.wait_for_selector("text=Mot de passe modifié")
        assert directory.binds("fdurand4", "Troisieme-2026!")


class TestPicture:
    def test_when_copied_then_it_is_sent_with_work(self, characters, directory):
        sent = forms_sent(characters)
        type_all(characters)
        characters.fill("#captcha", answer_of(characters))
        send(characters)

        characters.wait_for_selector("text=Mot de passe modifié")
        assert task_in(sent[0])["data"]["form"] == "change"

    def test_when_copied_wrong_then_the_form_comes_back(self, directory, characters):
        type_all(characters)
        characters.fill("#captcha", "AAAAAA")
        send(characters)

        characters.wait_for_selector("text=ne sont pas les bons")
        assert characters.is_visible("#captcha")
        assert not directory.binds("fdurand4", NEW)


class TestSound:
    @pytest.mark.parametrize("kind", ["audio/mpeg", "audio/wav"])
    def test_when_played_then_the_browser_can_read_it(self, characters, kind):
        characters.evaluate(
            """kind => {
                const player = document.getElementById('captcha-son');
                player.querySelectorAll(`source:not([type="${kind}"])`).forEach(source => source.remove());
                player.load();
                player.preload = 'auto';
            }""",
            kind,
        )

        characters.wait_for_function("() => document.getElementById('captcha-son').duration > 4")

    def test_when_only_the_keyboard_is_used_then_its_player_can_be_reached_and_has_a_name(self, characters):
        characters.focus("#captcha-son")

        assert characters.evaluate("() => document.activeElement.id") == "captcha-son"
        assert characters.get_attribute("#captcha-son", "aria-labelledby") == "captcha-son-nom"
        assert characters.inner_text("#captcha-son-nom") == "Écouter les caractères"

    def test_when_english_is_asked_for_then_the_same_player_speaks_it(self, characters):
        characters.click("#captcha-son-autre")

        characters.wait_for_function("() => document.getElementById('captcha-son').duration > 4")
        assert characters.evaluate("() => document.getElementById('captcha-son').currentSrc").endswith("?lang=en")
        assert characters.url.endswith(CHANGE)

    def test_when_somebody_moves_in_it_then_it_plays_from_there(self, characters):
        characters.evaluate("() => { document.getElementById('captcha-son').preload = 'auto'; }")
        characters.wait_for_function("() => document.getElementById('captcha-son').duration > 4")
        characters.evaluate("() => { document.getElementById('captcha-son').currentTime = 3; }")

        characters.wait_for_function(
            """() => {
                const player = document.getElementById('captcha-son');
                return !player.seeking && player.currentTime === 3;
            }"""
        )

    def test_when_the_browser_has_no_player_then_a_link_leads_to_it(self, characters):
        address = characters.get_attribute("#captcha-son-lien", "href")

        answer = characters.request.get(characters.url.removesuffix(CHANGE) + address)

        assert answer.headers["content-type"] == "audio/mpeg"


class TestForm:
    @pytest.mark.parametrize("width", [320, 360, 768, 1280])
    @pytest.mark.parametrize("shown", ["page", "characters"])
    def test_when_the_window_is_narrow_then_nothing_runs_over_its_edge(self, request, shown, width):
        page = request.getfixturevalue(shown)
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_selector(".captcha")

        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


class TestOtherCharacters:
    def test_when_asked_for_then_picture_and_sound_change_together(self, characters):
        before = characters.get_attribute("#captcha-image", "src")

        characters.click("#captcha-autre")
        characters.wait_for_function(
            "before => document.getElementById('captcha-image').src.indexOf(before) < 0", arg=before
        )

        challenge = characters.input_value("#challenge")
        assert characters.get_attribute("#captcha-image", "src") == f"/captcha/{challenge}.png"
        assert characters.eval_on_selector_all(
            "#captcha-son source", "all => all.map(one => one.getAttribute('src'))"
        ) == [
            f"/captcha/{challenge}.mp3?lang=fr",
            f"/captcha/{challenge}.wav?lang=fr",
        ]
        assert characters.get_attribute("#captcha-son-lien", "href") == f"/captcha/{challenge}.mp3?lang=fr"
        characters.wait_for_function("() => document.activeElement.id === 'captcha'")
