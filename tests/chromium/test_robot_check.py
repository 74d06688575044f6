"""What the robot check shows while its work is done, and the way on where it can't be done."""

from __future__ import annotations

import pytest

from gateway.protection.replay import MemoryReplayCache
from gateway.protection.tickets import Ticket, Tickets
from tests.support.accessibility import problems_of
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.chromium_pages import PHONE
from tests.support.page_actions import fill
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
PHONE_NUMBER = "01 23 45 67 89".replace(" ", "\u00a0")
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
WEB = {"secret_keys": [KEY], "secure_cookies": False}
ON = {"required": ["change"]}
AUTOMATIC = {"required": ["change"], "methods": ["automatic"]}
WORK = "**/captcha/work"
SOLVER, WORKER = "**/altcha-solver.js*", "**/altcha-pbkdf2.js*"
WITHOUT_WEBCRYPTO = "Object.defineProperty(crypto, 'subtle', { value: undefined })"
LINE, OTHER = "#captcha-automatique", "#captcha-autre-moyen"
WAITING, WORKING, DONE = "Automatique\u00a0: rien à recopier.", "Vérification en cours…", "Vérification faite"
RECORD = f"""
    window.announced = [];
    new MutationObserver(() => announced.push(document.querySelector("{LINE}").textContent))
        .observe(document.querySelector("{LINE}"), {{ childList: true, characterData: true, subtree: true }});
"""
FROM_MEMORY = "() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
BUTTON = "#service > button:not(.first)"


@pytest.fixture
def person(directory):
    directory.add_person("fdurand4")


@pytest.fixture
def open_form(person, serve, open_page):
    """Opens the form: `open_form(captcha=…, script=…)`; its line's announcements are recorded."""

    def opener(captcha=ON, script="", clock=False, **options):
        page = open_page(**options)
        if script:
            page.add_init_script(script)
        if clock:
            page.clock.install()
        page.goto(serve(captcha=captcha, web=WEB) + CHANGE)
        return page

    return opener


@pytest.fixture
def page(open_form):
    page = open_form()
    page.evaluate(RECORD)
    return page


def hold_worker(page):
    """Hold the script of the worker, as a slow phone holds the work; the function that is returned lets it go."""
    page.route(WORKER, lambda route: None)
    # Routes that nobody has handled go on.
    return lambda: page.unroute(WORKER)


def shows(page, text):
    page.wait_for_function(
        "([line, text]) => document.querySelector(line).textContent.includes(text)", arg=[LINE, text]
    )


def type_all(page, **changed):
    typed = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
    fill(page, **{**typed, **changed})


def open_other_way(page):
    page.click(f"{OTHER} summary")
    page.wait_for_selector("#captcha")


def answer_of(page):
    """What a person reads in the picture."""
    ticket = Tickets([KEY], replay_cache=MemoryReplayCache()).open("captcha", page.input_value("#challenge"))
    assert isinstance(ticket, Ticket)
    return ticket.payload["answer"]


def changed(page):
    page.wait_for_selector("text=Mot de passe modifié")


class TestLine:
    def test_when_nobody_has_touched_the_form_then_it_says_that_nothing_is_to_be_copied(self, page):
        assert page.inner_text(LINE) == WAITING
        assert page.is_visible(f"{OTHER} summary")
        assert page.evaluate("() => announced") == []

    def test_when_the_form_gets_the_focus_then_the_work_is_done_without_a_click(self, page):
        page.focus("[name=login]")

        shows(page, DONE)
        assert problems_of(page, "robots-done") == []

    def test_when_it_is_done_then_two_states_were_announced_and_nothing_twice(self, page):
        type_all(page)
        shows(page, DONE)

        assert page.get_attribute(LINE, "role") == "status"
        assert page.evaluate("() => announced") == [WORKING, DONE]

    def test_when_it_is_being_done_then_it_says_so_and_another_way_is_offered(self, page):
        release = hold_worker(page)
        page.focus("[name=login]")

        shows(page, WORKING)
        assert page.is_visible(f"{OTHER} summary")
        assert problems_of(page, "robots-working") == []
        release()
        shows(page, DONE)

    @pytest.mark.parametrize("width", [360, 1280])
    def test_when_its_state_changes_then_the_button_stays_where_it_was(self, page, width):
        page.set_viewport_size({"width": width, "height": 800})

        def place():
            return page.evaluate("button => document.querySelector(button).getBoundingClientRect().y", BUTTON)

        release = hold_worker(page)
        places = [place()]
        page.focus("[name=login]")
        shows(page, WORKING)
        places.append(place())
        release()
        shows(page, DONE)
        places.append(place())

        assert len(set(places)) == 1

    def test_when_the_work_begins_then_nothing_that_was_typed_leaves_the_page(self, open_form):
        page = open_form()
        sent = []
        page.on("request", lambda request: sent.append(request.post_data) if request.method == "POST" else None)
        type_all(page)
        shows(page, DONE)

        assert sent == ["form=change"]


class TestOtherWay:
    def test_when_it_is_closed_then_no_character_is_loaded(self, page):
        assert page.locator("#captcha-image").count() == 0

    def test_when_it_is_opened_then_picture_sound_and_field_are_there(self, page):
        hold_worker(page)
        open_other_way(page)

        page.wait_for_function("() => document.getElementById('captcha-image').naturalWidth === 260")
        assert page.is_visible("#captcha-son")
        assert page.is_visible("#captcha-son-lien")
        assert problems_of(page, "robots-other-way") == []

    @pytest.mark.parametrize("is_open", [False, True])
    def test_when_the_work_is_done_then_it_disappears(self, page, is_open):
        if is_open:
            open_other_way(page)
        page.focus("[name=login]")
        shows(page, DONE)

        page.wait_for_selector(OTHER, state="hidden")

    def test_when_somebody_is_typing_there_then_it_stays_until_they_go_on(self, page):
        release = hold_worker(page)
        open_other_way(page)
        page.focus("#captcha")
        page.keyboard.type("ACD")
        release()
        shows(page, DONE)

        assert page.is_visible("#captcha")
        assert page.input_value("#captcha") == "ACD"
        page.focus("[name=login]")
        page.wait_for_selector(OTHER, state="hidden")

    def test_when_wrong_characters_were_typed_and_the_work_is_done_then_they_count_for_nothing(self, page, directory):
        open_other_way(page)
        page.fill("#captcha", "AAAAAA")
        shows(page, DONE)
        type_all(page)
        page.click(BUTTON)

        changed(page)
        assert directory.binds("fdurand4", NEW)

    def test_when_the_characters_are_typed_first_then_the_form_does_not_wait_for_the_work(self, page, directory):
        hold_worker(page)
        type_all(page)
        shows(page, WORKING)
        open_other_way(page)
        page.fill("#captcha", answer_of(page))
        page.click(BUTTON)

        changed(page)
        assert directory.binds("fdurand4", NEW)

    def test_when_the_form_was_sent_and_waits_then_it_serves_in_place_of_the_work(self, page, directory):
        hold_worker(page)
        type_all(page)
        page.click(BUTTON)
        page.wait_for_selector("#envoi:has-text('dès que la vérification sera terminée')")
        open_other_way(page)
        page.fill("#captcha", answer_of(page))
        page.click(BUTTON)

        changed(page)
        assert directory.binds("fdurand4", NEW)


class TestSlowPhone:
    def test_when_it_takes_long_then_the_line_says_how_to_go_on(self, open_form):
        page = open_form(clock=True, viewport=PHONE)
        release = hold_worker(page)
        page.focus("[name=login]")
        shows(page, WORKING)
        page.clock.fast_forward(11_000)
        shows(page, "plus longtemps que d’habitude")

        assert "Autre moyen" in page.inner_text(LINE)
        assert "Continuez à remplir le formulaire" in page.inner_text(LINE)
        release()
        shows(page, DONE)

    def test_when_nothing_else_is_offered_then_the_line_has_the_number_of_the_helpdesk(self, open_form):
        page = open_form(AUTOMATIC, clock=True)
        hold_worker(page)
        page.focus("[name=login]")
        shows(page, WORKING)
        page.clock.fast_forward(11_000)
        shows(page, "plus longtemps que d’habitude")

        assert PHONE_NUMBER in page.inner_text(LINE)
        assert page.locator(OTHER).count() == 0


class TestBlockedScript:
    @pytest.mark.parametrize("blocked", [SOLVER, WORKER])
    def test_when_solver_or_worker_are_blocked_then_the_characters_are_open_and_serve(self, page, blocked, directory):
        page.route(blocked, lambda route: route.fulfill(status=404))
        type_all(page)
        shows(page, "La vérification automatique n’a pas pu se faire. Saisissez plutôt les caractères ci-dessous.")
        page.fill("#captcha", answer_of(page))
        page.click(BUTTON)

        changed(page)
        assert directory.binds("fdurand4", NEW)

    def test_when_it_is_blocked_then_that_is_said_once_and_nothing_is_wrong_with_the_page(self, page):
        page.route(WORKER, lambda route: route.fulfill(status=404))
        type_all(page)
        shows(page, "n’a pas pu se faire")
        page.wait_for_selector("#captcha-image")

        assert len(page.evaluate("() => announced")) == 2
        assert problems_of(page, "robots-blocked") == []

    def test_when_the_browser_has_no_webcrypto_then_the_characters_are_open_from_the_start(self, open_form):
        """As under http, on another host than this machine."""
        page = open_form(script=WITHOUT_WEBCRYPTO)

        shows(page, "n’a pas pu se faire")
        assert page.is_visible("#captcha-image")

    @pytest.mark.parametrize("script", [WITHOUT_WEBCRYPTO])
    def test_when_nothing_else_is_offered_then_the_line_has_the_number_of_the_helpdesk(self, open_form, script):
        page = open_form(AUTOMATIC, script=script)

        shows(page, "Rechargez la page ou essayez un autre navigateur.")
        assert PHONE_NUMBER in page.inner_text(LINE)

    def test_when_the_page_s_own_scripts_are_blocked_then_the_next_page_shows_the_characters(self, open_form):
        page = open_form()
        for script in ("captcha", "work"):
            page.route(f"**/static/{script}.js*", lambda route: route.fulfill(status=404))
        page.reload()
        page.click(f"{OTHER} summary")
        told = page.evaluate(
            "other => getComputedStyle(document.querySelector(other + ' > div'), '::after').content", OTHER
        )
        type_all(page)
        page.click(BUTTON)
        page.wait_for_selector("#captcha")

        assert "envoyez le formulaire\u00a0: la page suivante les affichera" in told
        assert page.is_visible("#captcha-image")

    def test_when_no_task_comes_at_first_then_sending_the_form_asks_again(self, page, directory):
        page.route(WORK, lambda route: route.fulfill(status=503))
        with page.expect_response(WORK):
            page.focus("[name=login]")
        page.unroute(WORK)
        type_all(page)
        page.click(BUTTON)

        changed(page)
        assert directory.binds("fdurand4", NEW)


class TestTime:
    def test_when_somebody_fills_in_slowly_then_the_work_is_renewed_without_a_word(self, open_form, directory):
        page = open_form(clock=True)
        page.focus("[name=login]")
        shows(page, DONE)
        page.evaluate(RECORD)
        page.clock.fast_forward(250_000)
        with page.expect_response(WORK) as renewed:
            type_all(page)

        assert renewed.value.request.post_data == "form=change"
        page.click(BUTTON)
        changed(page)
        assert directory.binds("fdurand4", NEW)

    def test_when_it_is_renewed_then_nothing_is_announced(self, open_form):
        page = open_form(clock=True)
        page.focus("[name=login]")
        shows(page, DONE)
        page.evaluate(RECORD)
        page.clock.fast_forward(250_000)
        with page.expect_event("worker"):
            page.focus("[name=new_password]")

        assert page.evaluate("() => announced") == []
        assert page.inner_text(LINE) == DONE

    def test_when_the_page_comes_back_from_memory_then_new_work_is_done(self, page):
        page.focus("[name=login]")
        shows(page, DONE)
        with page.expect_response(WORK):
            page.evaluate(FROM_MEMORY)

        page.wait_for_function("announced => window.announced.length === announced", arg=5)
        assert page.evaluate("() => announced") == [WORKING, DONE, WAITING, WORKING, DONE]


class TestMethods:
    @pytest.mark.parametrize(
        "methods",
        [
            ["automatic"],
            ["picture"],
            ["sound"],
            ["picture", "sound"],
            ["picture", "automatic"],
            ["sound", "automatic"],
            ["picture", "sound", "automatic"],
        ],
        ids="+".join,
    )
    def test_when_the_academy_offers_them_then_the_form_serves(self, open_form, methods, directory):
        page = open_form({"required": ["change"], "methods": methods})
        type_all(page)
        is_automatic = "automatic" in methods
        if not is_automatic:
            page.fill("#captcha", answer_of(page))

        assert page.locator(LINE).count() == is_automatic
        assert page.locator(f"details{OTHER}").count() == (is_automatic and len(methods) > 1)
        page.click(BUTTON)
        changed(page)
        assert directory.binds("fdurand4", NEW)

    def test_when_the_characters_are_asked_for_beside_the_work_then_they_stay_when_it_is_done(self, open_form):
        page = open_form({"required": ["change"], "methods": ["picture", "sound"]})
        page.evaluate(
            """() => document.getElementById('service').addEventListener('robot-check', ({ detail }) => {
                if (detail === 'done') requestAnimationFrame(() => (window.isDone = true));
            })"""
        )
        page.focus("[name=login]")
        page.wait_for_function("() => window.isDone")

        assert page.is_visible("#captcha")

    def test_when_none_is_required_then_no_word_is_said(self, open_form):
        assert open_form({"required": []}).locator(".captcha").count() == 0


class TestWithoutScript:
    @pytest.mark.parametrize("width", [360, 1280])
    def test_when_characters_are_offered_then_they_are_shown_at_once(self, open_form, width):
        page = open_form(java_script_enabled=False, viewport={"width": width, "height": 800})

        assert page.is_visible("#captcha-image")
        assert page.is_visible("#captcha-son-lien")
        assert page.is_visible("#captcha")
        assert not page.is_visible(OTHER)
        assert not page.is_visible(LINE)

    def test_when_nothing_else_is_offered_then_the_page_has_the_number_of_the_helpdesk(self, open_form):
        page = open_form(AUTOMATIC, java_script_enabled=False)

        assert (
            f"nécessite JavaScript. Si vous ne pouvez pas l’activer, appelez l’assistance\u00a0: {PHONE_NUMBER}."
            in (page.inner_text(".captcha"))
        )


class TestForms:
    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_it_is_required_then_the_work_of_each_form_begins_with_its_focus(
        self, person, serve, open_page, path
    ):
        page = open_page()
        page.goto(serve(captcha={"required": ["find", "reset", "change"]}) + path)
        page.focus("#service input:not([type=hidden])")

        shows(page, DONE)
