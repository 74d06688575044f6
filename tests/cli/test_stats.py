"""`mamia stats`: the figures of the days from a real Redis, as people, spreadsheets and programs get them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.cli import stats
from gateway.cli.json_forms import ERROR, FORMS
from gateway.composition.events import build_event_store
from gateway.services.known_outcomes import KNOWN
from gateway.services.week import CHANGED, FOUND, RESET, SERVICES, STEPS, Reason, WeekService, as_csv, reason_of
from gateway.settings.loader import load
from gateway.web import week_view
from tests.support.json_form import objects, problems_of
from tests.support.mamia_command import run_mamia
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.visitor import Visitor

PARIS = ZoneInfo("Europe/Paris")
A_DAY = timedelta(days=1)


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def config(server, redis, tmp_path):
    more = f'[events]\n[rate_limits]\nstore = "{redis.url}"\n'
    return write_settings_file(tmp_path, server, more=more)


@pytest.fixture
def store(config):
    return build_event_store(load(config))


@pytest.fixture
def happened(store, now):
    """What happened today and the day before."""
    for service, outcome, times, at in (
        ("find", "found", 3, now),
        ("find", "not_found", 2, now),
        ("change", "changed", 1, now),
        ("change", "captcha_missing_work", 1, now),
        ("reset", "proved", 4, now),
        ("choose", "reset", 4, now - A_DAY),
        ("reset", "initial_restored", 1, now - A_DAY),
        ("change", "credentials", 12, now - A_DAY),
        ("notice", "locked", 1, now - A_DAY),
        ("change", "changed", 99, now - 7 * A_DAY),
    ):
        for _ in range(times):
            store.add(["fdurand4"], service, outcome, at)


@pytest.fixture
def run(config):
    return lambda *options: run_mamia("stats", "--config", config, *options)


def days_before(now, count):
    today = now.astimezone(PARIS).date()
    return [(today - back * A_DAY).isoformat() for back in reversed(range(count))]


class TestTable:
    def test_when_printed_then_each_day_is_a_line_and_the_reasons_are_below(self, run, happened, now):
        done = run()

        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.split() for line in done.stdout.splitlines()]
        assert [line[0] for line in lines[1:8]] == days_before(now, 7)
        assert lines[6][1:] == ["0", "0", "5", "12"]
        assert lines[7][1:] == ["3", "1", "0", "3"]
        assert lines[8] == ["total", "3", "1", "5", "15"]
        assert done.stdout.splitlines()[11].strip().startswith("12  wrong login or password")

    def test_when_nothing_happened_then_all_figures_are_zero_and_there_are_no_reasons(self, run):
        done = run("--days", "1")

        assert done.returncode == 0
        assert done.stdout.splitlines()[-1].split() == ["total", "0", "0", "0", "0"]

    def test_when_it_is_printed_then_it_names_nobody(self, run, happened):
        assert not any("fdurand4" in run(*options).stdout for options in ((), ("--json",), ("--csv",)))


class TestPrograms:
    def test_when_json_is_asked_for_then_all_promised_keys_are_there(self, run, happened, now):
        done = run("--json", "--days", "2")

        assert problems_of(FORMS["stats"], done.stdout) == []
        before, today = json.loads(done.stdout)
        assert [before["day"], today["day"]] == days_before(now, 2)
        assert (before["changed"], before["reset"], before["failed"]) == (0, 5, 12)
        assert today["reasons"] == [{"reason": "not_found", "count": 2}, {"reason": "captcha", "count": 1}]

    def test_when_csv_is_asked_for_then_a_spreadsheet_reads_a_line_per_day(self, run, happened, now):
        done = run("--csv")

        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert [row["day"] for row in rows] == days_before(now, 7)
        assert {name: rows[5][name] for name in ("reset", "failed", "credentials", "outage")} == {
            "reset": "5",
            "failed": "12",
            "credentials": "12",
            "outage": "0",
        }

    def test_when_it_is_for_a_french_spreadsheet_then_columns_are_apart_by_semicolons(self, store, happened):
        text = as_csv(WeekService(store, PARIS).last(), separator=";")

        assert text.splitlines()[0] == "day;found;changed;reset;failed;" + ";".join(Reason)
        assert len(text.splitlines()) == 8

    def test_when_both_forms_are_asked_for_then_that_is_refused(self, run):
        assert run("--json", "--csv").returncode == 2


class TestRefused:
    @pytest.mark.parametrize("days", ["0", "366", "-1", "x"])
    def test_when_the_days_are_no_such_number_then_nothing_is_printed(self, run, days):
        done = run("--days", days)

        assert (done.returncode, done.stdout) == (2, "")

    @pytest.mark.parametrize(
        "more, word", [("", "no section [events]"), ("[events]\n", "memory of the service")], ids=["off", "memory"]
    )
    def test_when_the_service_keeps_no_events_or_keeps_them_to_itself_then_it_says_so(
        self, server, tmp_path, more, word
    ):
        config = write_settings_file(tmp_path, server, more=more)

        done = run_mamia("stats", "--config", config, "--json")

        [error] = objects(ERROR, done.stderr)
        assert (done.returncode, error["error"]) == (2, "settings")
        assert word in error["message"]

    def test_when_redis_is_down_then_the_error_names_the_store(self, run, redis):
        redis.stop()

        done = run("--json")

        [error] = objects(ERROR, done.stderr)
        assert (done.returncode, error["error"]) == (1, "store")


class TestServed:
    """`mamia serve` with two processes, and the command beside it."""

    @pytest.fixture
    def front_end(self, directory, redis, tmp_path):
        directory.add_person("fdurand4")

        def configure(port):
            more = f'[captcha]\nrequired = []\n[events]\n[rate_limits]\nstore = "{redis.url}"\n'
            in_web = f"port = {port}\nsecure_cookies = false\nprocesses = 2"
            return write_settings_file(tmp_path, directory, in_web=in_web, more=more)

        running = ServeProcess.on_a_free_port(configure)
        running.start()
        yield running
        running.stop()

    def test_when_people_were_served_and_the_service_stops_at_once_then_no_event_is_lost(self, front_end):
        visitor = Visitor(front_end.address)
        for _ in range(4):
            visitor.find("Durand")
        visitor.find("Inconnue")
        visitor.change("fdurand4", "Nouveau-2025", current="Faux-2025")
        visitor.change("fdurand4", "Nouveau-2025")

        front_end.stop()

        done = run_mamia("stats", "--config", front_end.config, "--json")
        days = json.loads(done.stdout)
        assert {name: sum(day[name] for day in days) for name in ("found", "changed", "reset", "failed")} == {
            "found": 4,
            "changed": 1,
            "reset": 0,
            "failed": 2,
        }
        # A person's events are read with the keys of the settings, whichever process wrote them.
        store = build_event_store(load(front_end.config))
        assert store
        events = store.of("fdurand4")
        assert [(event.outcome, event.times) for event in events] == [
            ("changed", 1),
            ("credentials", 1),
            ("found", 4),
        ]


class TestReasons:
    def test_when_there_is_a_new_one_then_command_and_page_have_words_for_it(self):
        assert set(stats.REASONS) == set(week_view.REASONS) == set(Reason)

    def test_when_an_outcome_of_a_service_is_known_then_it_is_a_figure_a_step_or_has_a_reason(self):
        """A new outcome needs its place in services/week.py."""
        counted = FOUND | CHANGED | RESET | STEPS

        unplaced = [
            (service, outcome)
            for service in SERVICES
            for outcome in map(str, KNOWN[service])
            if (service, outcome) not in counted and reason_of(outcome) is None
        ]

        assert unplaced == []
        assert {pair for pair in counted if pair[1] not in map(str, KNOWN[pair[0]])} == set()
