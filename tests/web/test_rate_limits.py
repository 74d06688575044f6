"""How often something may be tried: counted before the directory is asked, the same for everybody."""

from __future__ import annotations

import time

import pytest

from gateway.app import create_app
from tests.support.browser import CHANGE, FIND, RESET, Browser
from tests.support.matching import first_match
from tests.support.slapd_operations import operations
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
WIDE = {
    "per_address": "1000/minute",
    "per_login": "1000/minute",
    "per_login_reset": "1000/minute",
    "per_proof": "1000/minute",
    "per_person": "1000/minute",
}


def only(**rates):
    """Rate limits that are too wide to matter but for these."""
    return {"rate_limits": {**WIDE, "misses_per_address": "1000/minute", **rates}}


def tries(browser, times, login="fdurand4", **options):
    return [browser.change(login, "wrong", NEW).status for _ in range(times)]


def from_address(browser, address, path=CHANGE, **typed):
    page = browser.open(path)
    return browser.post(path, {**page.fields, **typed}, environ_base={"REMOTE_ADDR": address})


WRONG = {"login": "fdurand4", "current_password": "wrong", "new_password": NEW, "confirmation": NEW}


class TestLogin:
    def test_when_it_was_tried_too_often_then_429_says_when_to_come_back(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(**only(per_login="2/5 minutes"))

        assert tries(browser, 2) == [422, 422]
        page = browser.change("fdurand4", PASSWORD, NEW)

        assert page.status == 429
        assert 290 <= int(page.answer.headers["Retry-After"]) <= 300
        assert "Réessayez dans 5 minutes" in page.main
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize(
        "spelling", ["FDURAND4", " fdurand4 ", "ｆｄｕｒａｎｄ４", "f\u00addurand4", "fdurand4\u200b"]
    )
    def test_when_it_is_spelt_another_way_then_it_counts_as_the_same(self, directory, open_browser, spelling):
        browser = open_browser(**only(per_login="2/5 minutes"))
        tries(browser, 2)

        assert browser.change(spelling, PASSWORD, NEW).status == 429

    def test_when_another_one_was_tried_too_often_then_it_is_free(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(**only(per_login="2/5 minutes"))
        tries(browser, 3, "other")

        assert browser.change("fdurand4", PASSWORD, NEW).status == 200

    def test_when_it_waits_in_one_service_then_another_service_still_serves_it(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(**only(per_login="2/5 minutes"))
        tries(browser, 3)

        assert "Choisir un nouveau mot de passe" in browser.prove("fdurand4").main

    def test_when_its_changes_wait_then_a_reset_has_a_limit_of_its_own(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(**only(per_login="1/5 minutes", per_login_reset="2/5 minutes"))
        tries(browser, 2)

        statuses = [browser.prove("fdurand4", "12E8534567AAA").status for _ in range(3)]

        assert statuses == [422, 422, 429]


class TestRateLimitedPage:
    def test_when_the_login_is_unknown_then_it_is_the_same_byte_for_byte(self, directory, open_browser):
        directory.add_person("fdurand4")
        pages = []
        for login in ("fdurand4", "unknown"):
            browser = open_browser(**only(per_login="2/5 minutes"))
            tries(browser, 2, login)
            pages.append(browser.change(login, "wrong", NEW).source)

        assert pages[0] == pages[1]


class TestProof:
    def test_when_one_number_is_tried_at_many_logins_then_it_is_held_up(self, open_browser):
        browser = open_browser(**only(per_proof="2/5 minutes"))

        statuses = [browser.prove(login, "12e85 34567abc").status for login in ("a1", "b1")]
        statuses.append(browser.prove("c1", "12E8534567ABC").status)

        assert statuses == [422, 422, 429]


class TestPerson:
    def test_when_searched_again_and_again_then_it_is_held_up_however_the_name_is_written(self, open_browser):
        browser = open_browser(**only(per_person="2/5 minutes"))

        statuses = [browser.find(name, "François").status for name in ("Le Goff", "LE-GOFF", "le goff")]

        assert statuses == [422, 422, 429]


class TestWait:
    def test_when_somebody_goes_on_all_day_then_it_grows(self, directory, open_browser):
        browser = open_browser(**only(per_login="2/second; 3/day"))
        tries(browser, 2)
        # The window of a second has to pass, by the clock of the process.
        time.sleep(1.1)
        tries(browser, 1)
        time.sleep(1.1)
        page = browser.change("fdurand4", "wrong", NEW)

        assert page.status == 429
        assert int(page.answer.headers["Retry-After"]) > 80_000


class TestAttempt:
    def test_when_it_is_held_up_then_slapd_receives_nothing(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(**only(per_address="3/5 minutes"))
        for path in (FIND, RESET, CHANGE):
            browser.open(path)
        tries(browser, 3)
        [browser.prove("fdurand4", "12E8534567AAA") for _ in range(3)]
        [browser.find("Nobody", "Nemo") for _ in range(3)]
        before = operations(directory)

        held_up = [*tries(browser, 12), browser.prove("fdurand4").status, browser.find("Durand", "François").status]
        after = operations(directory)

        assert set(held_up) == {429}
        ours = {
            "Compare": 0,
            "Modify": 0,
            "Bind": 1,
            "Search": 1,
        }  # asking for the numbers is a bind and a search itself
        assert {name: after[name] - before[name] for name in after} == ours
        assert directory.binds("fdurand4", PASSWORD), "the account is not locked"


def behind(browser, forwarded, proxy="127.0.0.1"):
    page = browser.open(CHANGE)
    options = {"headers": {"X-Forwarded-For": forwarded}, "environ_base": {"REMOTE_ADDR": proxy}}
    return browser.post(CHANGE, {**page.fields, **WRONG}, **options).status


class TestAddresses:
    @pytest.mark.parametrize(
        "written", ["{}:40000", "{}:40{}", " {} "], ids=["one port", "another port each time", "blanks"]
    )
    def test_when_the_proxy_adds_ports_then_each_caller_has_a_limit_of_its_own(self, open_browser, written):
        browser = open_browser(web={"trusted_proxies": 1}, **only(per_address="2/5 minutes"))

        first = [behind(browser, written.format("192.0.2.7", n)) for n in range(3)]
        others = [behind(browser, written.format(f"192.0.2.{n}", n)) for n in (8, 9)]
        others += [behind(browser, "[2001:db8::1]:443"), behind(browser, "[2001:db8:1::1]")]

        assert first == [422, 422, 429]
        assert others == [422] * 4


class TestAddress:
    def test_when_it_tries_many_logins_then_it_is_held_up_and_others_are_not(self, open_browser):
        browser = open_browser(**only(per_address="3/5 minutes"))

        statuses = [from_address(browser, "192.0.2.7", **{**WRONG, "login": f"u{n}"}).status for n in range(4)]

        assert statuses == [422, 422, 422, 429]
        assert from_address(browser, "192.0.2.8", **WRONG).status == 422

    def test_when_it_moves_within_its_64_bits_then_it_is_one_address(self, open_browser):
        browser = open_browser(**only(per_address="2/5 minutes"))

        statuses = [from_address(browser, f"2001:db8:1:2::{n}", **WRONG).status for n in range(1, 4)]

        assert statuses == [422, 422, 429]
        assert from_address(browser, "2001:db8:1:3::1", **WRONG).status == 422

    def test_when_many_people_share_it_then_its_own_rate_counts(self, open_browser):
        rates = only(per_address="1/5 minutes", per_shared_address="3/5 minutes", shared_addresses=["10.1.0.0/16"])
        browser = open_browser(**rates)

        statuses = [from_address(browser, "10.1.2.3", **WRONG).status for _ in range(4)]

        assert statuses == [422, 422, 422, 429]

    def test_when_it_is_held_up_then_it_uses_up_no_login(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(**only(per_address="2/5 minutes", per_login="3/5 minutes"))

        for _ in range(6):
            from_address(browser, "192.0.2.7", **WRONG)

        assert browser.change("fdurand4", PASSWORD, NEW).status == 200

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Client-IP"])
    def test_when_no_proxy_is_trusted_then_headers_neither_evade_nor_frame(self, open_browser, header):
        browser = open_browser(**only(per_address="2/5 minutes"))
        statuses = []
        for number in range(3):
            page = browser.open(CHANGE)
            answer = browser.post(CHANGE, {**page.fields, **WRONG}, headers={header: f"198.51.100.{number}"})
            statuses.append(answer.status)

        assert statuses == [422, 422, 429]
        assert from_address(browser, "198.51.100.0", **WRONG).status == 422

    def test_when_one_proxy_is_trusted_then_only_what_it_added_counts(self, open_browser):
        browser = open_browser(web={"trusted_proxies": 1}, **only(per_address="2/5 minutes"))

        statuses = [behind(browser, f"203.0.113.{n}, 192.0.2.7") for n in range(3)]

        assert statuses == [422, 422, 429]
        assert behind(browser, "192.0.2.7, 192.0.2.8") == 422

    def test_when_the_proxies_write_forwarded_then_only_that_header_counts(self, open_browser):
        web = {"trusted_proxies": 1, "forwarded_header": "Forwarded"}
        browser = open_browser(web=web, **only(per_address="2/5 minutes"))

        def by_forwarded(text, other):
            headers = {"Forwarded": text, "X-Forwarded-For": other}
            page = browser.open(CHANGE)
            options = {"headers": headers, "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
            return browser.post(CHANGE, {**page.fields, **WRONG}, **options).status

        claimed = 'for=198.51.100.{}, For="192.0.2.7:4711";proto=http;by=203.0.113.1'
        statuses = [by_forwarded(claimed.format(n), f"203.0.113.{n}") for n in range(3)]

        assert statuses == [422, 422, 429]
        assert by_forwarded('for="[2001:db8::1]:443";proto=http', "192.0.2.7") == 422

    @pytest.mark.parametrize("caller", ["unknown", "_hidden", "", "192.0.2.7.8"])
    def test_when_the_proxy_names_none_then_the_log_says_so_once(self, open_browser, caplog, caller):
        browser = open_browser(web={"trusted_proxies": 1})

        for _ in range(2):
            behind(browser, caller)

        assert [record.getMessage() for record in caplog.records if "shares one limit" in record.getMessage()] != []
        assert caplog.text.count("shares one limit") == 1

    def test_when_the_caller_is_no_proxy_of_ours_then_its_header_counts_for_nothing(self, open_browser):
        browser = open_browser(web={"trusted_proxies": 1}, **only(per_address="2/5 minutes"))

        statuses = [behind(browser, f"203.0.113.{n}", proxy="198.51.100.9") for n in range(3)]

        assert statuses == [422, 422, 429]


class TestFind:
    def test_when_an_address_missed_three_times_then_it_asks_for_the_captcha(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser()
        assert "Vérification anti-robot" not in browser.open(FIND).main

        for _ in range(3):
            missed = browser.find("Nobody", "Nemo")

        assert "Vérification anti-robot" in missed.main
        assert browser.find("Durand", "François").status == 422, "not without the CAPTCHA"
        page = from_address(
            browser, "192.0.2.9", FIND, surname="Durand", given_name="François", birth_date="27/03/1985"
        )
        assert "fdurand4" in page.main, "other addresses don't meet it"

    def test_when_all_together_miss_unusually_often_then_everybody_meets_the_captcha(self, open_browser):
        browser = open_browser(rate_limits={"misses_overall": "2/minute"})
        for number in range(2):
            page = browser.open(FIND)
            typed = {"surname": "Nobody", "given_name": "Nemo", "birth_date": "27/03/1985"}
            browser.post(FIND, {**page.fields, **typed}, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})

        assert "Vérification anti-robot" in browser.open(FIND).main


class TestCounts:
    def test_when_the_service_restarts_then_redis_still_holds_them_and_tells_nothing(
        self, directory, open_browser, redis
    ):
        directory.add_person("fdurand4")
        settings = {"web": {"secret_keys": ["k" * 8 + "0123456789abcdefghijklmnop"]}}
        rates = only(per_login="2/5 minutes", store=redis.url)
        tries(open_browser(**settings, **rates), 2)

        assert open_browser(**settings, **rates).change("fdurand4", PASSWORD, NEW).status == 429
        redis.stop()
        stored = redis.everything()
        redis.start()
        assert open_browser(**settings, **rates).change("fdurand4", PASSWORD, NEW).status == 429
        assert stored
        assert b"fdurand4" not in stored


class TestService:
    @pytest.mark.parametrize("rate", ["per_service", "overall"])
    def test_when_all_together_ask_too_much_then_everybody_waits(self, open_browser, rate):
        browser = open_browser(**only(**{rate: "2/5 minutes"}))

        statuses = [from_address(browser, f"192.0.2.{n}", **{**WRONG, "login": f"u{n}"}).status for n in range(1, 4)]

        assert statuses == [422, 422, 429]

    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_the_store_can_not_be_reached_then_it_refuses_and_says_that_nothing_changed(
        self, directory, open_browser, redis, path
    ):
        directory.add_person("fdurand4")
        browser = open_browser(**only(store=redis.url))
        redis.stop()
        typed = {
            FIND: {"surname": "Durand", "given_name": "François", "birth_date": "27/03/1985"},
            RESET: {"login": "fdurand4", "proof": "12E8534567ABC", "birth_date": "27/03/1985"},
            CHANGE: {**WRONG, "current_password": PASSWORD},
        }[path]

        page = browser.fill_in(path, **typed)

        assert page.status == 503
        assert "Rien n’a été modifié" in page.main
        assert directory.binds("fdurand4", PASSWORD)


class TestTicket:
    def test_when_two_processes_share_a_store_then_it_serves_once(self, directory, build, redis):
        directory.add_person("fdurand4")
        settings = {"web": {"secret_keys": ["k" * 8 + "0123456789abcdefghijklmnop"]}, **only(store=redis.url)}
        first, second = (Browser(create_app(build(**settings))) for _ in range(2))
        page = first.prove("fdurand4")
        first.choose(page, NEW)
        second.open(RESET)

        replayed = second.send(
            RESET, page, new_password="Autre-Mot-1", confirmation="Autre-Mot-1", csrf_token=csrf(second)
        )

        assert "a déjà été utilisé" in replayed.main
        assert directory.binds("fdurand4", NEW)


def csrf(browser):
    return first_match(r'name="csrf_token"[^>]*value="([^"]+)"', browser.open(RESET).source).group(1)
