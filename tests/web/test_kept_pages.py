"""Pages that are rendered once for everybody: each is as if rendered anew, and has nothing of anybody else."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import request, session

from gateway.web.kept_pages import ADDRESS, MAX_PAGES, KeptPages
from gateway.web.own_templates import looking_at_requests
from tests.support.browser import CHANGE, FIND, PAGES, RESET, Browser, Page
from tests.support.matching import first_match

RECOVERY = "/mes-moyens-de-secours"
FORMS = (FIND, RESET, CHANGE, RECOVERY)
PASSKEYS = {"methods": ["passkey", "totp"], "rp_id": "localhost", "origin": "http://localhost"}
PEOPLE = {"private_mail": "privateMail"}
CAPTCHA = {"required": ["find", "reset", "change"]}
MISSES = {"misses_per_address": "1/hour"}


@pytest.fixture
def looking(tmp_path: Path) -> Path:
    """A folder of the academy's own templates with one that looks at the request: no page is kept."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "unused.html").write_text("{{ request.args }}")
    return tmp_path


@pytest.fixture
def open_site(open_browser: Callable[..., Browser]) -> Callable[..., Browser]:
    """Opens a browser before a site with all of our forms."""

    def opener(**sections: dict[str, object]) -> Browser:
        return open_browser(**{"recovery": PASSKEYS, "people": PEOPLE, **sections})

    return opener


@pytest.fixture
def site(open_site: Callable[..., Browser]) -> Browser:
    return open_site()


@pytest.fixture
def render():
    """A page that shows how often it was rendered."""
    number = count(1)
    return lambda tokens: f"page {next(number)}"


def other(browser: Browser) -> Browser:
    """Somebody else's browser before the same site."""
    return Browser(browser.app)


def in_one_minute(look):
    """What `look` returns within one minute of the clock: a page may show the time."""
    while True:
        minute = time.time() // 60
        seen = look()
        if time.time() // 60 == minute:
            return seen


def neutral(page: Page) -> str:
    """The page with a name in the place of each token."""
    tokens = {page.answer.headers["X-Request-ID"]: "REQUEST"}
    tokens |= {page.fields[name]: name for name in ("csrf_token", "challenge", "question") if page.fields.get(name)}
    if question := re.search(r'id="passkey-get">(.*?)</script>', page.source):
        tokens[json.loads(question[1])["challenge"]] = "QUESTION"
    text = page.source
    for token, name in tokens.items():
        assert token in text or name == "REQUEST"
        text = text.replace(token, name)
    return text


def login_on(page: Page) -> str:
    """What the field of the form has; the form for passkeys has one of its own."""
    return unescape(first_match(r'<input[^>]* id="login"[^>]* value="([^"]*)"', page.source)[1])


def headers(page: Page) -> dict[str, str]:
    """Its header fields without the values that each answer has of its own."""
    own = ("X-Request-ID", "Content-Length")
    fields = {name: value for name, value in page.answer.headers.items() if name not in own}
    return {**fields, "Set-Cookie": re.sub(r"=[^;]+", "=VALUE", fields.get("Set-Cookie", ""), count=1)}


class TestPage:
    @pytest.mark.parametrize("required", [[], CAPTCHA["required"]], ids=["without-captcha", "with-captcha"])
    @pytest.mark.parametrize("language", ["fr", "en"])
    @pytest.mark.parametrize("path", dict.fromkeys((*PAGES, *FORMS)))
    def test_when_kept_then_it_is_what_is_rendered_anew(self, open_site, looking, path, language, required):
        keeping = open_site(captcha={"required": required})
        anew = open_site(captcha={"required": required}, web={"templates": looking})
        for browser in (keeping, anew):
            browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language

        first, second, rendered = in_one_minute(
            lambda: (keeping.open(path), other_in(language, keeping).open(path), other_in(language, anew).open(path))
        )

        assert neutral(first) == neutral(second) == neutral(rendered)
        assert headers(second) == headers(rendered)
        assert f'<html lang="{language}">' in second.source


def other_in(language: str, browser: Browser) -> Browser:
    somebody = other(browser)
    somebody.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    return somebody


class TestTokens:
    @pytest.mark.parametrize("path", FORMS)
    def test_when_two_people_open_a_form_then_each_has_tokens_of_their_own(self, open_site, path):
        durand = open_site(captcha=CAPTCHA)
        martin = other(durand)

        one, two = durand.open(path).fields, martin.open(path).fields

        for name in one.keys() & {"csrf_token", "challenge", "question"}:
            assert one[name] != two[name]

    def test_when_somebody_sends_the_token_of_another_one_then_it_is_refused(self, site, directory):
        directory.add_person("fdurand4")
        stolen = other(site).open(FIND).fields["csrf_token"]
        typed = {"surname": "Durand", "given_name": "François", "birth_date": "27/03/1985"}

        assert site.fill_in(FIND, **typed, csrf_token=stolen).status == 400
        assert "fdurand4" in site.fill_in(FIND, **typed).main

    def test_when_a_person_comes_back_then_the_session_stays_the_same(self, site):
        site.open(CHANGE)
        again = site.client.get(CHANGE)

        assert "Set-Cookie" not in again.headers
        assert again.headers["Vary"] == "Cookie"

    def test_when_a_page_has_no_form_then_no_session_begins(self, site):
        for _ in range(2):
            answer = site.client.get("/")

            assert "Set-Cookie" not in answer.headers
            assert "Vary" not in answer.headers

    def test_when_many_ask_at_once_then_each_page_has_the_number_of_its_own_request(self, site):
        def ask(_number: int) -> bool:
            page = other(site).open("/assistance")
            return page.source.count(page.answer.headers["X-Request-ID"]) == 4

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(100)))

    @pytest.mark.parametrize("value", ['"><script>', "a b", "é", "", "a&b", "%41"])
    def test_when_one_would_have_to_be_escaped_then_it_is_refused(self, site, value):
        with site.app.test_request_context("/"), pytest.raises(ValueError, match="challenge"):
            KeptPages().page(lambda tokens: f"<p>{tokens['challenge']}</p>", {"challenge": value})

    def test_when_one_is_in_several_places_then_it_is_in_all_of_them(self, site):
        with site.app.test_request_context("/"):
            page = KeptPages().page(lambda tokens: "{a}-{b}-{a}".format(**tokens), {"a": "1", "b": "2"})

        assert page == b"1-2-1"


class TestPerson:
    """Whatever one person sends, the next one's page is the same."""

    @pytest.mark.parametrize("path", FORMS)
    @pytest.mark.parametrize(
        "query",
        [
            "login=fdurand4",
            "login=%3Cb%3Efdurand4",
            "signalement=1",
            "csrf_token=fdurand4&challenge=fdurand4&request_id=fdurand4&question=fdurand4",
            "langue=en",
            "langue=fdurand4",
        ],
    )
    def test_when_one_comes_by_a_link_with_parameters_then_the_next_page_has_nothing_of_them(self, site, path, query):
        before = neutral(site.open(path))
        other(site).open(f"{path}?{query}")
        after = neutral(other(site).open(path))

        assert before == after
        assert "fdurand4" not in re.sub("[Pp]ar exemple fdurand4", "", after)

    @pytest.mark.parametrize("path", [RESET, CHANGE, RECOVERY])
    def test_when_the_first_one_comes_by_a_link_then_the_login_is_on_that_page_alone(self, site, path):
        assert login_on(site.open(f"{path}?login=mmartin")) == "mmartin"
        assert login_on(other(site).open(path)) == ""
        assert login_on(other(site).open(f"{path}?login=%22%3Ehhugo")) == '">hhugo'

    def test_when_one_made_a_mistake_then_what_was_typed_comes_back_to_them_alone(self, site):
        wrong = site.fill_in(FIND, surname="Durand", given_name="François", birth_date="x")
        assert (wrong.status, wrong.path) == (422, f"{FIND}/suite")

        stranger = other(site).open(FIND)
        back = site.open(FIND)

        assert "Durand" not in stranger.source
        assert stranger.fields["surname"] == ""
        assert back.fields["surname"] == "Durand"

    def test_when_one_is_asked_for_a_captcha_then_the_others_are_not(self, open_site):
        suspect = open_site(rate_limits=MISSES)
        suspect.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
        for _ in range(3):
            suspect.fill_in(FIND, surname="Personne", given_name="Nulle", birth_date="27/03/1985")
        suspect.client.delete_cookie("mamia-etape", path=FIND)

        assert 'id="verification"' in suspect.open(FIND).source
        assert 'id="verification"' not in other(suspect).open(FIND).source
        assert 'id="verification"' in suspect.open(FIND).source

    def test_when_it_is_rendered_then_nothing_of_the_one_who_asks_can_be_reached(self, site):
        seen: dict[str, dict[str, object]] = {}

        def render(tokens):
            seen.update(environ=dict(request.environ), args=dict(request.args), cookies=dict(request.cookies))
            seen["session"] = dict(session)
            return ""

        sent = {"query_string": "login=fdurand4", "headers": {"Cookie": "a=b", "User-Agent": "x"}}
        with site.app.test_request_context(CHANGE, **sent):
            session["login"] = "fdurand4"
            KeptPages().page(render, {})

        assert seen["args"] == seen["cookies"] == seen["session"] == {}
        assert {name for name in seen["environ"] if name.startswith(("HTTP_", "REMOTE_", "QUERY_"))} == {"HTTP_HOST"}
        assert set(ADDRESS) <= seen["environ"].keys()


class TestKeptPages:
    def test_when_the_minute_is_over_then_it_is_rendered_again(self, site, render):
        now = 60.0
        kept = KeptPages(now=lambda: now)

        def show():
            with site.app.test_request_context("/"):
                return kept.page(render, {})

        assert (show(), show()) == (b"page 1", b"page 1")
        now = 119.9
        assert show() == b"page 1"
        now = 120.0
        assert (show(), show()) == (b"page 2", b"page 2")

    def test_when_address_language_or_facts_differ_then_each_is_rendered_alone(self, site, render):
        kept = KeptPages(now=lambda: 0.0)
        asked: list[tuple[dict[str, Any], tuple[bool, ...]]] = [
            ({"path": "/"}, ()),
            ({"path": FIND}, ()),
            ({"path": "/", "base_url": "https://localhost"}, ()),
            ({"path": "/", "base_url": "http://other.localhost"}, ()),
            ({"path": "/", "base_url": "http://localhost/below"}, ()),
            ({"path": "/", "headers": {"Accept-Language": "en"}}, ()),
            ({"path": "/"}, (True,)),
        ]

        def show_all():
            for options, facts in asked:
                with site.app.test_request_context(**options):
                    yield kept.page(render, {}, *facts)

        first = list(show_all())

        assert len(set(first)) == len(asked)
        assert list(show_all()) == first

    def test_when_very_many_addresses_are_asked_for_then_a_bounded_number_is_kept(self, site, render):
        kept = KeptPages(now=lambda: 0.0)

        def show(number):
            with site.app.test_request_context("/", base_url=f"http://host{number}"):
                return kept.page(render, {})

        shown = [show(number) for number in range(MAX_PAGES + 1)]

        assert show(MAX_PAGES) == shown[-1], "the newest is kept"
        assert show(1) == shown[1]
        assert show(0) != shown[0], "the oldest is rendered again"

    def test_when_rendering_fails_then_nothing_is_kept(self, site, render):
        kept = KeptPages(now=lambda: 0.0)

        def fail(_tokens):
            raise LookupError

        with site.app.test_request_context("/"):
            with pytest.raises(LookupError):
                kept.page(fail, {})
            assert kept.page(render, {}) == b"page 1"


class TestOwnTemplates:
    @pytest.mark.parametrize(
        "source, looks",
        [
            ("{{ academy.name }}", False),
            ("{% if request.endpoint != 'help' %}x{% endif %}", False),
            ("{{ request.host_url }}", False),
            ("{{ request.args.login }}", True),
            ("{{ request.endpoint }}{{ request.cookies }}", True),
            ("{% set r = request %}{{ r.endpoint }}", True),
            ("{{ request['endpoint'] }}", True),
            ("{{ session.csrf_token }}", True),
            ("{{ g.request_id }}", True),
            ("{{ get_flashed_messages() }}", True),
            ("{% if %}", True),
            (b"\xff", True),
        ],
    )
    def test_when_one_looks_at_more_than_the_address_then_it_is_named(self, site, tmp_path, source, looks):
        file = tmp_path / "content" / "fr" / "home.md"
        file.parent.mkdir(parents=True)
        file.write_bytes(source if isinstance(source, bytes) else source.encode())

        assert list(looking_at_requests(site.app.jinja_env, tmp_path)) == [file] * looks

    def test_when_one_shows_a_parameter_then_each_page_has_its_own(self, open_site, tmp_path):
        text = tmp_path / "content" / "fr" / "home.md"
        text.parent.mkdir(parents=True)
        text.write_text("Vous cherchez {{ request.args.mot }}.")
        browser = open_site(web={"templates": tmp_path})

        assert "Vous cherchez un." in browser.open("/?mot=un").text
        assert "Vous cherchez deux." in browser.open("/?mot=deux").text

    def test_when_one_shows_the_host_then_each_host_has_its_own(self, open_site, tmp_path):
        text = tmp_path / "content" / "fr" / "home.md"
        text.parent.mkdir(parents=True)
        text.write_text("Vous êtes à {{ request.host }}.")
        browser = open_site(web={"templates": tmp_path, "allowed_hosts": [".ac-example.fr"]})

        for host in ("comptes.ac-example.fr", "mdp.ac-example.fr", "comptes.ac-example.fr"):
            answer = browser.client.get("/", base_url=f"http://{host}")

            assert first_match(r"Vous êtes à ([^ ]+)\.", answer.text)[1] == host
