"""Searching the questions in a real browser."""

from __future__ import annotations

import pytest

PATH = "/questions-frequentes"


def shown(page):
    return page.locator("main section:visible").count()


@pytest.fixture
def page(serve, open_page):
    page = open_page()
    page.goto(serve() + PATH)
    return page


class TestQuestions:
    @pytest.mark.parametrize(
        "words, title",
        [
            ("HAMECONNAGE", "hameçonnage"),
            ("boite 200 mo", "200"),
            ("sympa", "Sympa"),
            ("i-prof utilise", "nouvelle académie"),
        ],
    )
    def test_when_words_are_searched_then_only_those_that_hold_them_are_shown(self, page, words, title):
        everything = shown(page)

        page.fill("#recherche", words)

        assert 0 < shown(page) < everything
        assert "question" in page.inner_text("#recherche-resultat")
        assert title in page.inner_text("main")

    def test_when_the_search_is_emptied_then_all_are_back(self, page):
        everything = shown(page)
        page.fill("#recherche", "sympa")

        page.fill("#recherche", "")

        assert shown(page) == everything == 15

    def test_when_there_is_no_javascript_then_no_search_is_offered(self, serve, open_page):
        page = open_page(java_script_enabled=False)
        page.goto(serve() + PATH)

        assert not page.is_visible("#recherche")
        assert shown(page) == 15
