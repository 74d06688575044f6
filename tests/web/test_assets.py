"""Scripts and styles: small on the wire, and asked for once a year."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.support.browser import CHANGE

MAX_BYTES, MAX_REQUESTS = 150_000, 10


@pytest.fixture
def first_page(browser):
    return browser.client.get("/").text


def addresses(text):
    return re.findall(r'(?:src|href)="(/(?:static/|brand|logo)[^"]+)"', text)


class TestAsset:
    def test_when_its_address_has_the_right_version_then_browsers_keep_it_for_a_year(self, browser, first_page):
        for address in addresses(first_page):
            answer = browser.client.get(address.replace("&amp;", "&"))

            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            answer.close()

    @pytest.mark.parametrize("address", ["/static/site.css", "/static/site.css?v=0123456789ab"])
    def test_when_its_address_has_no_right_version_then_it_is_asked_for_again(self, browser, address):
        with browser.client.get(address) as answer:
            assert "immutable" not in answer.headers.get("Cache-Control", "")


class TestScript:
    def test_when_the_browser_takes_gzip_then_it_comes_compressed_and_whole(self, browser):
        address = "/static/vendor/wordlists.json"
        with (
            browser.client.get(address) as plain,
            browser.client.get(address, headers={"Accept-Encoding": "gzip"}) as small,
        ):
            assert small.headers["Content-Encoding"] == "gzip"
            assert "Accept-Encoding" in small.headers["Vary"]
            assert gzip.decompress(small.data) == plain.data
            assert len(small.data) < len(plain.data) / 1.8


class TestPage:
    def test_when_it_holds_tokens_then_it_is_not_compressed(self, browser):
        answer = browser.client.get(CHANGE, headers={"Accept-Encoding": "gzip, br"})

        assert "Content-Encoding" not in answer.headers


class TestFirstPage:
    def test_when_opened_then_little_is_transferred(self, browser, first_page):
        sizes = [len(gzip.compress(first_page.encode()))]
        for address in addresses(first_page):
            with browser.client.get(address.replace("&amp;", "&"), headers={"Accept-Encoding": "gzip"}) as answer:
                sizes.append(len(answer.data))

        assert len(sizes) <= MAX_REQUESTS
        assert sum(sizes) < MAX_BYTES
