"""By eye, by ear, or by the browser's work alone: three equal ways, each bound to its form and good for once."""

from __future__ import annotations

import base64
import json
import time

import pytest

from gateway.app import create_app
from gateway.protection.captcha.proof_of_work import ProofOfWork
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.limiter import Pressure
from gateway.protection.replay import MemoryReplayCache
from tests.support.browser import CHANGE, FIND, RESET, Browser
from tests.support.proof_of_work_solver import fetch_task, solve, solved
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
ON = {"required": ["find", "reset", "change"]}
TYPED = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}


@pytest.fixture
def browser(directory, build):
    directory.add_person("fdurand4")
    return Browser(create_app(build(captcha=ON)))


class TestTask:
    def test_when_an_address_fetches_too_many_then_it_waits(self, open_browser):
        browser = open_browser(captcha=ON, rate_limits={"per_address": "1/5 minutes"})

        answers = [browser.client.post("/captcha/work", data={"form": "change"}).status_code for _ in range(9)]

        assert answers == [200] * 8 + [429]

    @pytest.mark.parametrize("names", [{"login": "x" * 200_000}, {"surname": "é́" * 8_000, "given_name": " " * 9}])
    def test_when_a_name_is_huge_then_a_task_comes_all_the_same(self, browser, names):
        for form in ("find", "change"):
            assert fetch_task(browser, form, **names)

    def test_when_the_store_can_not_be_reached_then_503(self, open_browser, redis):
        browser = open_browser(captcha=ON, rate_limits={"store": redis.url})
        redis.stop()

        assert browser.client.post("/captcha/work", data={"form": "change"}).status_code == 503


class TestMethod:
    @pytest.mark.parametrize(
        "ways, kind",
        [
            (["automatic"], "png"),
            (["automatic"], "mp3"),
            (["automatic"], "wav"),
            (["picture"], "mp3"),
            (["picture"], "wav"),
            (["sound"], "png"),
        ],
    )
    def test_when_the_settings_do_not_offer_it_then_it_is_not_served(self, open_browser, ways, kind):
        browser = open_browser(captcha={**ON, "methods": ways})
        fetched = browser.client.get("/captcha/new?form=change").json
        assert fetched
        challenge = fetched["challenge"]

        assert browser.client.get(f"/captcha/{challenge}.{kind}").status_code == 404


class TestCharacters:
    def test_when_a_machine_reads_them_all_then_only_a_small_budget_is_accepted(self, directory, build):
        """A trained network reads nearly every picture: what stops it is the number of forms without work."""
        gateway = build(captcha=ON, rate_limits={"without_work_per_address": "3/hour"})
        browser = Browser(create_app(gateway))
        pages = []
        for number in range(5):
            page = browser.open(CHANGE)
            answer = gateway.protection.tickets.open("captcha", page.fields["challenge"]).payload["answer"]
            pages.append(browser.send(CHANGE, page, captcha=answer, **{**TYPED, "login": f"u{number}"}))

        assert [page.status for page in pages] == [422, 422, 422, 429, 429]
        assert "activez JavaScript" in pages[4].main
        assert "01 23 45 67 89" in pages[4].main
        assert int(pages[4].answer.headers["Retry-After"]) > 3000

    def test_when_work_comes_with_them_then_no_budget_counts(self, directory, build):
        gateway = build(captcha={**ON, "methods": ["picture"]}, rate_limits={"without_work_per_address": "1/hour"})
        browser = Browser(create_app(gateway))
        statuses = []
        for number in range(3):
            page = browser.open(CHANGE)
            answer = gateway.protection.tickets.open("captcha", page.fields["challenge"]).payload["answer"]
            typed = {**TYPED, "login": f"u{number}", "captcha": answer, "altcha": solved(browser)}
            statuses.append(browser.send(CHANGE, page, **typed).status)

        assert statuses == [422, 422, 422]

    def test_when_only_the_automatic_check_is_offered_then_they_count_for_nothing(self, directory, build):
        directory.add_person("fdurand4")
        gateway = build(captcha={**ON, "methods": ["automatic"]})
        browser = Browser(create_app(gateway))
        fetched = browser.client.get("/captcha/new?form=change").json
        assert fetched
        challenge = fetched["challenge"]
        answer = gateway.protection.tickets.open("captcha", challenge).payload["answer"]

        refused = browser.fill_in(CHANGE, challenge=challenge, captcha=answer, **TYPED)

        assert "nécessite JavaScript" in refused.main
        assert directory.binds("fdurand4", PASSWORD)


class TestPicture:
    def test_when_an_address_asks_too_often_then_it_waits(self, open_browser):
        browser = open_browser(captcha=ON, rate_limits={"per_address": "2/5 minutes"})
        challenge = browser.open(CHANGE).fields["challenge"]

        assert [browser.client.get(f"/captcha/{challenge}.png").status_code for _ in range(3)] == [200, 200, 429]


class TestWork:
    def test_when_done_then_the_service_is_given(self, directory, browser):
        done = browser.fill_in(CHANGE, altcha=solved(browser), **TYPED)

        assert "Mot de passe modifié" in done.main
        assert directory.binds("fdurand4", NEW)

    def test_when_its_solution_comes_again_then_it_is_refused(self, directory, browser):
        solution = solved(browser)
        browser.fill_in(CHANGE, altcha=solution, **TYPED)

        again = browser.fill_in(CHANGE, altcha=solution, **{**TYPED, "current_password": NEW})

        assert "a été envoyé deux fois" in again.main

    @pytest.mark.parametrize(
        "page, form, accepted",
        [
            ("192.0.2.1", "192.0.2.200", True),
            ("192.0.2.1", "192.0.3.1", False),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
            ("2001:db8:1:2::1", "192.0.2.1", False),
            ("::ffff:192.0.2.1", "192.0.2.7", True),
        ],
    )
    def test_when_it_is_sent_from_another_network_than_it_was_fetched_from_then_it_is_refused(
        self, browser, page, form, accepted
    ):
        """Or one machine could work for thousands of others."""
        opened = browser.open(CHANGE)

        answer = browser.post(
            CHANGE,
            {**opened.fields, **TYPED, "altcha": solved(browser, address=page)},
            environ_base={"REMOTE_ADDR": form},
        )

        assert (answer.status == 200) is accepted
        if not accepted:
            assert "votre connexion a changé" in answer.main
            assert answer.fields["login"] == "fdurand4"

    def test_when_it_was_not_enough_for_the_network_then_the_characters_that_were_typed_stay(self, build):
        gateway = build(captcha={**ON, "methods": ["picture"]})
        browser = Browser(create_app(gateway))
        page = browser.open(CHANGE)
        answer = gateway.protection.tickets.open("captcha", page.fields["challenge"]).payload["answer"]

        refused = browser.send(CHANGE, page, captcha=answer, altcha=solved(browser, address="198.51.100.1"), **TYPED)

        assert refused.fields["captcha"] == answer
        assert refused.fields["challenge"] == page.fields["challenge"]

    def test_when_it_is_older_than_its_time_then_it_is_refused(self):
        work = ProofOfWork(["k" * 40], MemoryReplayCache(), max_lifetime_seconds=-1)
        solution = solve(work.task("change", "127.0.0.1", Pressure.NORMAL))

        assert work.check("change", "127.0.0.1", solution, Pressure.NORMAL) is Verdict.EXPIRED

    def test_when_the_key_was_rotated_then_a_task_of_the_former_key_is_still_accepted(self):
        former, present = (
            ProofOfWork(["a" * 40], MemoryReplayCache(), 60),
            ProofOfWork(["b" * 40, "a" * 40], MemoryReplayCache(), 60),
        )
        solution = solve(former.task("change", "127.0.0.1", Pressure.NORMAL))

        assert present.check("change", "127.0.0.1", solution, Pressure.NORMAL) is Verdict.RIGHT

    @pytest.mark.parametrize("form", ["find", "reset"])
    def test_when_it_was_done_for_another_form_then_it_is_refused(self, directory, browser, form):
        refused = browser.fill_in(CHANGE, altcha=solved(browser, form), **TYPED)

        assert "n’est plus valable" in refused.main
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize(
        "changes",
        [
            {"data": {"form": "change", "more": 1}},
            {"expires_at": int(time.time()) + 86_400},
            {"cost": 1, "key_prefix": ""},
            {"key_prefix": ""},
            {"key_prefix": "", "key_signature": None},
            {"key_prefix": "", "data": {"form": "change", "guesses": 51_200, "network": "0" * 16}},
            {"nonce": "00" * 16, "key_prefix": ""},
            {"expires_at": int(time.time()) - 1},
        ],
    )
    def test_when_its_challenge_was_changed_then_it_is_refused(self, directory, browser, changes):
        assert "n’est plus valable" in browser.fill_in(CHANGE, altcha=solved(browser, **changes), **TYPED).main
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize(
        "payload",
        ["x", "e30=", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"challenge":{}}').decode(), "A" * 8000]
        + [
            base64.b64encode(json.dumps(value).encode()).decode()
            for value in (None, {"challenge": None, "solution": 1})
        ],
    )
    def test_when_the_payload_is_no_solution_then_it_is_refused(self, directory, browser, payload):
        page = browser.fill_in(CHANGE, altcha=payload, **TYPED)

        assert page.status == 422
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_settings_do_not_offer_it_then_it_counts_for_nothing(self, directory, build):
        directory.add_person("fdurand4")
        browser = Browser(create_app(build(captcha={**ON, "methods": ["picture"]})))

        assert browser.fill_in(CHANGE, altcha=solved(browser), **TYPED).status == 422
        assert "captcha-automatique" not in browser.open(CHANGE).source
        assert "<audio" not in browser.open(CHANGE).source


class TestForm:
    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_it_asks_then_all_ways_are_offered(self, browser, path):
        source = browser.open(path).source

        assert "captcha-image" in source
        assert "<audio" in source
        assert 'name="altcha"' in source


class TestCaptcha:
    @pytest.mark.parametrize("address", ["/captcha/AAAA.wav", "/captcha/AAAA.mp3", "/captcha/new?form="])
    def test_when_nothing_of_ours_is_asked_for_then_404(self, browser, address):
        assert browser.client.get(address).status_code == 404


class TestSound:
    def test_when_an_address_asks_for_many_then_it_waits(self, open_browser):
        browser = open_browser(captcha=ON, rate_limits={"per_address": "2/5 minutes"})
        challenges = [browser.open(CHANGE).fields["challenge"] for _ in range(3)]

        answers = [browser.client.get(f"/captcha/{challenge}.wav") for challenge in challenges]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[2].headers["Retry-After"]) > 200

    def test_when_another_challenge_is_spoken_then_voice_or_pace_differ(self, browser):
        lengths = set()
        for _ in range(4):
            challenge = browser.open(CHANGE).fields["challenge"]
            lengths.add(len(browser.client.get(f"/captcha/{challenge}.wav").data))

        assert len(lengths) > 1

    def test_when_its_language_is_unknown_then_404(self, browser):
        challenge = browser.open(CHANGE).fields["challenge"]

        assert browser.client.get(f"/captcha/{challenge}.wav?lang=xx").status_code == 404
