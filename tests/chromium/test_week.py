"""The figures of the week on a page: charts and tables agree, in both languages, and axe finds nothing."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, render_template_string

from gateway.app import create_app
from gateway.composition.web import Gateway
from gateway.services.week import Reason
from gateway.web.brand import contrast
from gateway.web.week_view import REASONS, csv_download, week_view
from tests.support.accessibility import problems_of

A_DAY = timedelta(days=1)
PAGE = """{% extends 'base.html' %}{% block title %}Figures{% endblock %}
{% block main %}<h1>Figures</h1>{% include 'parts/week.html' %}{% endblock %}"""
HAPPENED = (
    ("find", "found", (41, 60, 55, 38, 12, 3, 44)),
    ("change", "changed", (22, 31, 28, 20, 4, 0, 19)),
    ("choose", "reset", (9, 14, 11, 7, 2, 1, 8)),
    ("change", "credentials", (12, 18, 9, 11, 3, 2, 10)),
    ("reset", "not_proved", (5, 7, 6, 4, 1, 0, 3)),
    ("choose", "rules", (3, 2, 4, 2, 0, 0, 1)),
)
SHOWN = "element => [...element.querySelectorAll('text')].map(one => one.textContent.trim())"


def with_page(gateway: Gateway) -> Flask:
    """The application with a page of the week, such as that of the helpdesk, and its file."""
    app, service = create_app(gateway), gateway.services.week
    assert service

    def page():
        return render_template_string(PAGE, week=week_view(service.last()), csv_url="/semaine.csv")

    app.add_url_rule("/semaine", "week", page)
    app.add_url_rule("/semaine.csv", "week_csv", lambda: csv_download(service.last()))
    return app


@pytest.fixture
def serve_week(serve, monkeypatch):
    """Serves the page; with `happened`, people used the service for a week."""
    monkeypatch.setattr("tests.support.served_gateways.create_app", with_page)
    gateways: list[Gateway] = []
    build = serve.build

    def built(**sections):
        gateways.append(build(**sections))
        return gateways[-1]

    serve.build = built

    def served(happened=HAPPENED):
        address = serve(events={})
        store = gateways[-1].event_store
        assert store
        now = datetime.now(UTC)
        for service, outcome, counts in happened:
            for back, count in enumerate(reversed(counts)):
                for _ in range(count):
                    store.add([], service, outcome, now - back * A_DAY)
        return address + "/semaine"

    return served


class TestPage:
    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_when_people_used_the_service_then_nothing_is_wrong_with_the_page(self, open_page, serve_week, language):
        page = open_page(locale=language)
        page.goto(serve_week())

        assert problems_of(page, "week") == []

    def test_when_nothing_happened_yet_then_nothing_is_wrong_and_no_reasons_are_shown(self, open_page, serve_week):
        page = open_page()
        page.goto(serve_week(happened=()))

        assert problems_of(page, "week-empty") == []
        assert page.locator("table").count() == 1
        assert "aucun" in page.locator(".chart svg").first.get_attribute("aria-label")

    def test_when_a_chart_is_seen_then_the_table_has_the_same_figures(self, open_page, serve_week):
        page = open_page()
        page.goto(serve_week())

        charts = [page.locator(".chart svg").nth(number).evaluate(SHOWN)[::3] for number in range(4)]
        rows = page.locator("table").first.locator("tbody tr").all()
        columns = [[row.locator("td").nth(number).inner_text() for row in rows] for number in range(4)]
        assert charts == columns
        assert charts[0] == [str(count) for count in HAPPENED[0][2]]
        assert [page.locator("tfoot td").nth(number).inner_text() for number in range(4)] == [
            "253",
            "124",
            "52",
            "103",
        ]

    def test_when_a_screen_reader_reads_a_chart_then_it_says_the_sum_and_the_highest_day(self, open_page, serve_week):
        page = open_page(locale="en")
        page.goto(serve_week())

        said = page.get_by_role("img", name=re.compile("Accounts found")).get_attribute("aria-label")

        assert re.fullmatch(r"Accounts found: 253 in all, the most on \w+ \d+ \w+ \(60\)|.*\w+ \w+ \d+ \(60\)", said)

    def test_when_reasons_are_listed_then_the_most_frequent_is_first(self, open_page, serve_week):
        page = open_page(locale="en")
        page.goto(serve_week())

        rows = page.locator("table").nth(1).locator("tbody tr")
        assert rows.first.inner_text().startswith("Wrong login or password")
        assert rows.first.locator("td").inner_text() == "65"


class TestSeen:
    @pytest.mark.parametrize(
        "mode",
        [
            {"color_scheme": "light"},
            {"color_scheme": "dark"},
            {"color_scheme": "dark", "forced_colors": "active"},
        ],
        ids=["light", "dark", "forced"],
    )
    def test_when_colours_are_others_then_bars_and_figures_can_be_seen(self, open_page, serve_week, mode):
        page = open_page(**mode)
        page.goto(serve_week())

        ground, *fills = page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                ...['.chart rect', '.share rect', '.chart text'].map(
                    one => getComputedStyle(document.querySelector(one)).fill)]"""
        )

        assert [fill for fill in fills if contrast(_rgb(fill), _rgb(ground)) < 4.5] == []

    def test_when_there_is_no_script_then_everything_is_there(self, open_page, serve_week):
        page = open_page(java_script_enabled=False)
        page.goto(serve_week())

        assert page.locator(".chart rect").count() == 4 * 7


class TestFile:
    @pytest.mark.parametrize("language, separator", [("fr", ";"), ("en", ",")])
    def test_when_it_is_downloaded_then_a_spreadsheet_of_that_language_reads_it(
        self, open_page, serve_week, language, separator
    ):
        page = open_page(locale=language)
        page.goto(serve_week())

        with page.expect_download() as download:
            page.locator("a[download]").click()

        text = download.value.path().read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
        assert re.fullmatch(r"mamia-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
        assert [row["found"] for row in rows] == [str(count) for count in HAPPENED[0][2]]


class TestReasons:
    def test_when_there_is_a_reason_then_it_has_a_text(self):
        assert set(REASONS) == set(Reason)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return red, green, blue
