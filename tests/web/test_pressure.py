"""Under pressure forms cost more work before anybody is refused: the attacks, against the service and slapd."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta

import pytest

from gateway.app import create_app
from gateway.protection.rate_limiting.limiter import Attempt, name_keys
from tests.support.browser import CHANGE, FIND, RESET, Browser
from tests.support.proof_of_work_solver import fetch_task, solve, solved
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
DEFAULT = {"required": ["reset", "change"]}
TYPED = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
PERSON = {"surname": "Durand", "given_name": "François"}
MORE_WORK = "La vérification automatique doit être refaite"
COPY = "Saisissez les caractères que vous voyez ou entendez"
BORN = date(1985, 3, 27)


@pytest.fixture
def person(directory):
    directory.add_person("fdurand4")


def send(browser, path, address, **typed):
    page = browser.open(path)
    return browser.post(path, {**page.fields, **typed}, environ_base={"REMOTE_ADDR": address})


def dates(number):
    """Birth dates, none of which is the right one."""
    return [f"{BORN - timedelta(days=days):%d/%m/%Y}" for days in range(1, number + 1)]


def guesses_of(task):
    return task["parameters"]["data"]["guesses"]


class TestFind:
    def test_when_many_dates_are_tried_for_one_name_from_many_addresses_then_each_further_one_costs_work(
        self, person, open_browser
    ):
        browser = open_browser(captcha=DEFAULT, rate_limits={"per_name": "3/hour"})
        tried = [
            send(browser, FIND, f"198.51.{number}.7", **PERSON, birth_date=day).main
            for number, day in enumerate(dates(8))
        ]

        assert ["Aucun compte" in main for main in tried] == [True] * 3 + [False] * 5
        assert all(COPY in main for main in tried[3:])
        right = send(browser, FIND, "198.51.100.7", **PERSON, birth_date=f"{BORN:%d/%m/%Y}")
        assert "fdurand4" not in right.main, "not even the right date is answered without work"

    def test_when_the_work_is_brought_beyond_the_limit_of_the_name_then_the_person_is_served(
        self, person, open_browser
    ):
        browser = open_browser(captcha=DEFAULT, rate_limits={"per_name": "3/hour"})
        for number, day in enumerate(dates(3)):
            send(browser, FIND, f"198.51.{number}.7", **PERSON, birth_date=day)
        task = fetch_task(browser, "find", **PERSON)
        assert task

        page = send(browser, FIND, "127.0.0.1", **PERSON, birth_date=f"{BORN:%d/%m/%Y}", altcha=solve(task))

        assert "fdurand4" in page.main

    def test_when_dates_go_on_being_tried_then_each_costs_more(self, build):
        gateway = build(captcha=DEFAULT, rate_limits={"per_name": "10/hour"})
        browser = Browser(create_app(gateway))
        costs = []
        for number in range(41):
            task = fetch_task(browser, "find", f"198.51.{number}.7", **PERSON)
            costs.append(guesses_of(task) if task else 0)
            names = name_keys(PERSON["surname"], PERSON["given_name"])
            gateway.protection.rate_limiter.hit(Attempt("find", f"198.51.{number}.7", names=names))

        assert set(costs[:10]) == {0}
        assert costs[10] < costs[20] < costs[40]
        assert costs == sorted(costs)

    def test_when_a_cheap_task_is_brought_beyond_the_limit_of_the_name_then_it_is_not_enough(
        self, person, open_browser
    ):
        """The task for another name costs nothing more; it does not pay for this one."""
        browser = open_browser(captcha={"required": ["find"]}, rate_limits={"per_name": "2/hour"})
        for number, day in enumerate(dates(2)):
            address = f"198.51.{number}.7"
            send(browser, FIND, address, **PERSON, birth_date=day, altcha=solved(browser, "find", address))

        task = fetch_task(browser, "find", surname="Petit", given_name="Léa")
        assert task
        cheap = solve(task)
        page = send(browser, FIND, "127.0.0.1", **PERSON, birth_date=f"{BORN:%d/%m/%Y}", altcha=cheap)

        assert page.status == 422
        assert MORE_WORK in page.main
        assert page.fields["surname"] == "Durand"
        assert "fdurand4" not in page.main

    def test_when_another_name_is_searched_then_it_costs_nothing_more(self, person, open_browser):
        browser = open_browser(captcha=DEFAULT, rate_limits={"per_name": "2/hour"})
        for number, day in enumerate(dates(2)):
            send(browser, FIND, f"198.51.{number}.7", **PERSON, birth_date=day)

        assert fetch_task(browser, "find", surname="Petit", given_name="Léa") is None


class TestForm:
    @pytest.mark.parametrize("path", [RESET, CHANGE])
    def test_when_all_together_ask_much_then_a_task_from_quiet_times_is_not_enough_and_more_work_is(
        self, directory, person, open_browser, path
    ):
        rates = {"overall": "100/5 minutes", "per_address": "1000/minute", "pressure_percent": 1}
        browser = open_browser(captcha=DEFAULT, rate_limits=rates)
        form = {RESET: "reset", CHANGE: "change"}[path]
        typed = {
            RESET: {"login": "fdurand4", "proof": "12E8534567ABC", "birth_date": f"{BORN:%d/%m/%Y}"},
            CHANGE: TYPED,
        }[path]
        cheap = solved(browser, form)
        send(browser, FIND, "192.0.2.1", surname="Nemo", given_name="Nobody", birth_date="01/01/1980")

        refused = send(browser, path, "127.0.0.1", altcha=cheap, **typed)
        task = fetch_task(browser, form)
        assert task
        served = send(browser, path, "127.0.0.1", altcha=solve(task), **typed)

        assert MORE_WORK in refused.main
        assert refused.fields["login"] == "fdurand4"
        assert guesses_of(task) > guesses_of(json.loads(base64.b64decode(cheap))["challenge"])
        assert served.status == 200

    def test_when_the_captcha_is_switched_off_then_pressure_asks_for_nothing(self, person, open_browser):
        rates = {"overall": "100/5 minutes", "pressure_percent": 1}
        browser = open_browser(captcha={"required": []}, rate_limits=rates)
        send(browser, CHANGE, "192.0.2.1", **{**TYPED, "current_password": "wrong"})

        assert send(browser, CHANGE, "192.0.2.2", **TYPED).status == 200
