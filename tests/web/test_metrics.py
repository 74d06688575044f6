"""What Prometheus reads: who may, what it finds, and that nobody can be recognised in it."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from gateway.composition.worker import build_worker
from gateway.services.known_outcomes import known_outcomes
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory
from tests.support.browser import CHANGE
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

NEW = "Nouveau-2025"
HERE = {"metrics": {"allowed_networks": ["127.0.0.0/8"]}}


@pytest.fixture
def browser(directory, open_browser):
    directory.add_person("fdurand4")
    return open_browser(**HERE)


def value(browser, series):
    """Of one series, such as `mamia_outcomes_total{…}`."""
    text = browser.client.get("/metrics").text
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def counts(text):
    """The names of all counts with their labels. Those of requests begin with the first one: routes are many."""
    return set(re.findall(r"^(mamia_(?!request_)\w+_(?:total|count){.*}) ", text, re.MULTILINE))


class TestBeginning:
    def test_when_nothing_happened_yet_then_each_known_outcome_is_counted_from_zero(self, browser):
        text = browser.client.get("/metrics").text

        labels = [f'outcome="{outcome}",service="{service}"' for service, outcome in known_outcomes()]
        assert [one for one in labels if f"mamia_outcomes_total{{{one}}} 0.0\n" not in text] == []

    def test_when_people_use_the_services_then_no_count_is_new(self, browser):
        before = counts(browser.client.get("/metrics").text)

        browser.find("Durand", "François")
        browser.change("fdurand4", "Faux-2024", NEW)
        browser.change("fdurand4", PASSWORD, NEW)

        assert before
        assert counts(browser.client.get("/metrics").text) == before

    def test_when_a_worker_has_delivered_nothing_yet_then_its_counts_are_there(self, directory, tmp_path):
        config = write_settings_file(tmp_path, directory, more=worker_section(tmp_path, directory) + ABSENT_DOMAIN)
        settings = load(config)

        with closing(build_worker(settings, workers_directory(settings, config))) as worker:
            text = worker.metrics.text()[0].decode()

        ends = ("pending", "held", "confirming", "done", "rejected", "expired")
        assert {f'mamia_propagation_age_seconds_count{{outcome="{end}",target="domain"}}' for end in ends} | {
            'mamia_propagation_attempts_count{target="domain"}'
        } <= counts(text)


class TestOutcome:
    def test_when_a_password_was_changed_then_it_is_counted(self, browser):
        browser.change("fdurand4", PASSWORD, NEW)
        browser.change("fdurand4", "Faux-2024", NEW)

        assert value(browser, 'mamia_outcomes_total{outcome="changed",service="change"}') == 1
        assert value(browser, 'mamia_outcomes_total{outcome="credentials",service="change"}') == 1


class TestRequest:
    def test_when_answered_then_its_time_is_reported_by_route_and_status(self, browser):
        browser.open(CHANGE)
        browser.open("/resultat/AAAA")

        assert value(browser, f'mamia_request_seconds_count{{method="GET",route="{CHANGE}",status="200"}}') == 1
        assert (
            value(browser, 'mamia_request_seconds_count{method="GET",route="/resultat/<ticket>",status="410"}') == 1
        )

    def test_when_a_stranger_chooses_method_and_address_then_no_line_is_made_of_them(self, browser):
        browser.client.open("/", method="GUESS")
        browser.client.get("/nulle-part/12E8534567ABC")

        text = browser.client.get("/metrics").text
        assert "GUESS" not in text
        assert "12E8534567ABC" not in text
        assert 'route="none",status="404"' in text


class TestDirectory:
    def test_when_read_and_written_then_both_are_timed(self, directory, browser):
        browser.change("fdurand4", PASSWORD, NEW)

        assert value(browser, 'mamia_directory_seconds_count{ended="ok",kind="run_idempotent"}') >= 2
        assert value(browser, 'mamia_directory_seconds_count{ended="ok",kind="run_once"}') == 1
        assert value(browser, "mamia_directory_connections_busy") == 0

    def test_when_it_is_down_then_that_is_counted(self, directory, browser):
        directory.kill()
        browser.change("fdurand4", PASSWORD, NEW)

        assert value(browser, 'mamia_outcomes_total{outcome="directory_unavailable",service="change"}') == 1


class TestMetrics:
    def test_when_nobody_is_allowed_then_there_is_no_such_page(self, open_browser):
        assert open_browser().client.get("/metrics").status_code == 404

    @pytest.mark.parametrize("host", ["localhost", "evil.example"])
    def test_when_a_stranger_asks_then_there_is_no_such_page(self, browser, host):
        answer = browser.client.get("/metrics", headers={"Host": host}, environ_base={"REMOTE_ADDR": "192.0.2.9"})

        assert answer.status_code == 404
        assert (answer.text, answer.headers.getlist("Set-Cookie")) == ("", [])

    def test_when_it_is_asked_by_its_address_as_prometheus_asks_then_it_answers_and_no_page_does(self, open_browser):
        browser = open_browser(**HERE, web={"allowed_hosts": ["mon-compte.ac-example.fr"]})

        answers = [browser.client.get(path, headers={"Host": "127.0.0.1:8080"}) for path in ("/metrics", "/")]

        assert [answer.status_code for answer in answers] == [200, 400]
        assert answers[0].headers.getlist("Set-Cookie") == []

    def test_when_read_then_nobody_is_in_them(self, browser):
        browser.change("fdurand4", PASSWORD, NEW)
        browser.find("Durand", "François")

        text = browser.client.get("/metrics").text
        assert not [word for word in ("fdurand4", "Durand", "127.0.0.1", NEW, PASSWORD) if word in text]


class TestStore:
    @pytest.mark.parametrize("kind", ["memory", "redis"])
    def test_when_attempts_were_counted_then_its_keys_and_its_fill_are_reported(
        self, directory, open_browser, request, kind
    ):
        url = "memory://" if kind == "memory" else request.getfixturevalue("redis").url
        browser = open_browser(**HERE, rate_limits={"store": url})
        browser.change("fdurand4", "Faux-2024", NEW)
        before = value(browser, "mamia_store_keys")

        browser.change("gdupont", "Faux-2024", NEW)

        assert value(browser, "mamia_store_keys") == before + 2, (
            "one more login and one more account, from the same address"
        )
        assert 0 < value(browser, "mamia_store_full_ratio") < 0.5

    def test_when_it_can_not_be_reached_then_the_other_figures_are_still_read(self, directory, open_browser, redis):
        browser = open_browser(**HERE, rate_limits={"store": redis.url})
        redis.stop()

        assert browser.client.get("/metrics").status_code == 200
