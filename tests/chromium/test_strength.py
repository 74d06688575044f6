"""The bars beside fields for passwords: what they say, what they fetch, and that the page never waits for them."""

from __future__ import annotations

import pytest

from gateway.account.model import Secret
from gateway.protection.strength import LISTS, SCRIPTS, Strength
from tests.support.browser import CHANGE, RESET
from tests.support.page_actions import prove

FIELDS = ["current_password", "new_password", "confirmation"]
WEAK, STRONG = "Soleil2026", "kX9-velours-Tramontane"
WORKER = "strength-worker.js"
PASSWORDS = [
    "azerty", "Soleil2026", "Soleil-2026", "Académie2026", "Nouveau-2025", "kX9-velours-Tramontane", "Xq7!vB2$",
    "p@ssw0rd", "correct cheval batterie agrafe", "fdurand4-2026", "27/03/1985", "qsdfghjklm", "Jean-Pierre75",
    "é" * 12, "😀" * 9, " espaces devant", "a" * 300, "'\\\"</script>", "Tr0ub4dor&3", "ÀÉÎÕÜ-123", "constructor",
]  # fmt: skip
NEVER_ENDING = "self.onmessage = () => { for (;;); };"
LISTS_AFTER_THE_FAULT = """
    const { text } = Response.prototype;
    Response.prototype.text = async function () {
        const lists = await text.call(this);
        while (document.documentElement.dataset.strength !== "none") await new Promise(done => setTimeout(done, 10));
        setTimeout(() => { window.listsCame = true; }, 0);
        return lists;
    };
"""
SLOWER = 4
"""How much slower a phone is than this machine."""
MAX_MILLISECONDS = 50


@pytest.fixture
def page(directory, serve, open_page):
    page = open_page()
    page.goto(serve() + CHANGE)
    return page


def percent(page, field, password):
    """What the bar shows once `password` is judged."""
    page.fill(f"#{field}", "")
    page.fill(f"#{field}", password)
    page.wait_for_selector(f"[data-strength-of={field}].typed")
    return page.evaluate("field => document.querySelector(`[data-strength-of=${field}] meter`).value", field)


def words(page, field):
    return page.inner_text(f"[data-strength-of={field}]").replace("\u00a0", " ").strip()


def asked_for(page):
    """The paths that the page asks for from now on."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def files(asked):
    return sorted(url.partition("?")[0].partition("/static/")[2] for url in asked if "/static/" in url)


def place_of_button(page):
    """Pixels from the top of the page."""
    return page.evaluate(
        "scrollY + document.querySelector('#service > button:not(.first)').getBoundingClientRect().top"
    )


class TestBar:
    @pytest.mark.parametrize("field", FIELDS)
    def test_when_something_is_typed_then_it_and_its_words_tell_how_hard_it_is_to_guess(self, page, field):
        weak = percent(page, field, WEAK)
        strong = percent(page, field, STRONG)

        assert weak < 60 < strong == 100
        assert words(page, field) == "Force : 100 %, très bonne"

    def test_when_the_field_is_emptied_then_it_says_nothing(self, page):
        percent(page, "new_password", STRONG)

        page.fill("#new_password", "")

        assert words(page, "new_password") == ""
        assert page.locator("[data-strength-of=new_password].typed").count() == 0

    def test_when_the_password_is_the_login_then_it_is_nearly_nothing(self, page):
        page.fill("#login", "tramontane")

        assert percent(page, "new_password", "Tramontane1") < 50

    def test_when_the_login_is_typed_afterwards_then_it_is_judged_again(self, page):
        before = percent(page, "new_password", "Kvzqxwbn1")

        page.fill("#login", "kvzqxwbn")

        page.wait_for_function(
            "before => document.querySelector('[data-strength-of=new_password] meter').value < before", arg=before
        )

    @pytest.mark.parametrize("width", [320, 360, 1280])
    @pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
    def test_when_it_and_the_count_of_rules_come_then_the_button_stays_under_the_pointer(
        self, serve, open_page, width, language
    ):
        page = open_page(viewport={"width": width, "height": 740}, locale=language)
        page.goto(serve() + CHANGE)
        before = place_of_button(page)

        for field in FIELDS:
            percent(page, field, WEAK)
        for field in FIELDS:
            percent(page, field, STRONG)

        assert place_of_button(page) == before


class TestServer:
    @pytest.mark.parametrize("login", ["", "fdurand4", "fdurand4@ac-example.fr"])
    def test_when_it_judges_too_then_it_says_the_same_as_the_bar(self, page, login):
        page.fill("#login", login)
        shown = [percent(page, "new_password", password) for password in PASSWORDS]
        strength = Strength()

        assert [strength(Secret(password), login) for password in PASSWORDS] == shown


class TestWordLists:
    def test_when_no_field_for_a_password_had_the_focus_then_they_are_not_fetched(self, serve, open_page):
        page = open_page()
        asked = asked_for(page)
        page.goto(serve() + CHANGE)
        page.fill("#login", "fdurand4")
        page.wait_for_load_state("networkidle")

        assert not {LISTS, WORKER, *SCRIPTS} & set(files(asked))

    @pytest.mark.parametrize("field", FIELDS)
    def test_when_a_field_gets_the_focus_then_they_are_fetched_once_with_the_worker(self, page, field):
        asked = asked_for(page)

        page.focus(f"#{field}")
        page.wait_for_selector("html[data-strength=ready]")
        for other in FIELDS:
            percent(page, other, STRONG)

        assert files(asked) == sorted((LISTS, WORKER, *SCRIPTS))

    def test_when_the_page_of_a_reset_is_used_then_they_are_fetched_too(self, directory, serve, open_page):
        directory.add_person("fdurand4")
        page = open_page()
        prove(page, serve(captcha={"required": []}) + RESET)

        assert percent(page, "new_password", STRONG) == 100

    def test_when_fetched_then_browsers_keep_them_for_a_year(self, page):
        answers = []
        page.on("response", lambda answer: answers.append(answer))

        percent(page, "new_password", STRONG)

        kept = [answer for answer in answers if "immutable" in answer.headers["cache-control"]]
        assert files(answer.url for answer in kept if "?v=" in answer.url) == sorted((LISTS, WORKER, *SCRIPTS))

    def test_when_they_are_there_then_nothing_that_is_typed_leaves_the_browser(self, page):
        percent(page, "new_password", WEAK)
        asked = asked_for(page)

        percent(page, "new_password", STRONG)

        assert asked == []


class TestMainThread:
    def test_when_a_password_is_judged_then_a_worker_does_it(self, page):
        percent(page, "new_password", STRONG)

        assert [WORKER in worker.url for worker in page.workers] == [True]
        assert page.workers[0].evaluate("typeof strengthEstimator") == "function"
        assert page.evaluate("[typeof strengthEstimator, typeof zxcvbnts]") == ["undefined"] * 2

    def test_when_the_worker_is_busy_then_each_key_is_served_at_once(self, page):
        page.route(f"**/{WORKER}*", lambda route: route.fulfill(content_type="text/javascript", body=NEVER_ENDING))
        page.focus("#new_password")
        page.wait_for_selector("html[data-strength=ready]")

        page.keyboard.type(STRONG)

        assert page.input_value("#new_password") == STRONG
        page.wait_for_selector("[data-rule=no_digit].kept")

    def test_when_forty_characters_are_typed_then_no_key_takes_long(self, page):
        """Processor time of the page's thread, which does not depend on what else the machine does."""
        page.focus("#new_password")
        page.wait_for_selector("html[data-strength=ready]")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        costs = []
        for key in (STRONG * 2)[:40]:
            before = busy_seconds(session)
            page.keyboard.press(key)
            costs.append(1000 * (busy_seconds(session) - before))
        page.wait_for_selector("[data-strength-of=new_password].typed")

        assert max(costs) * SLOWER < MAX_MILLISECONDS


def busy_seconds(session):
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"]


class TestWithoutWorker:
    """A blocked script, a browser that has no workers, lists that do not come."""

    @pytest.mark.parametrize(
        "fault",
        [
            lambda page: page.add_init_script("delete window.Worker"),
            lambda page: page.route(f"**/{WORKER}*", lambda route: route.abort()),
            lambda page: page.route("**/zxcvbn-core.js*", lambda route: route.abort()),
            lambda page: page.route(f"**/{LISTS}*", lambda route: route.fulfill(status=503)),
            lambda page: page.route(f"**/{LISTS}*", lambda route: route.fulfill(body="{")),
        ],
        ids=["no workers", "worker blocked", "script blocked", "lists refused", "lists cut"],
    )
    def test_when_none_can_run_then_there_are_no_bars_and_the_form_works(self, serve, new_page, fault):
        page = new_page()
        fault(page)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(serve(password={"min_strength": 80}) + CHANGE)

        page.fill("#new_password", STRONG)
        page.wait_for_selector("html[data-strength=none]")

        assert errors == []
        assert [words(page, field) for field in FIELDS] == ["", "", ""]
        assert page.locator(".strength.typed").count() == 0
        page.wait_for_selector("[data-rule=no_digit].kept")
        assert not page.get_attribute("[data-rule=too_weak]", "class")

    def test_when_the_worker_fails_before_the_lists_came_then_they_do_not_say_that_all_is_ready(
        self, serve, new_page
    ):
        page = new_page()
        page.route(f"**/{WORKER}*", lambda route: route.abort())
        page.add_init_script(LISTS_AFTER_THE_FAULT)
        page.goto(serve() + CHANGE)

        page.focus("#new_password")
        page.wait_for_function("() => window.listsCame")

        assert page.get_attribute("html", "data-strength") == "none"


@pytest.fixture
def new_page(chromium):
    """Opens a page that may report refused resources, unlike `open_page`."""
    contexts = []

    def opener():
        context = chromium.new_context(locale="fr-FR")
        contexts.append(context)
        return context.new_page()

    yield opener
    for context in contexts:
        context.close()
