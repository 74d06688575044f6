"""Headers, hosts and cookies, point by point as Mozilla's Observatory scores them.

https://github.com/mdn/mdn-http-observatory/blob/main/src/grader/charts.js
"""

from __future__ import annotations

import re

import pytest

from tests.support.browser import CHANGE, FIND, PAGES, RESET
from tests.support.matching import first_match
from tests.support.slapd_server import PASSWORD

EVERYWHERE = (*PAGES, "/nowhere")
TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


@pytest.fixture
def site(open_browser):
    """The site behind a proxy that speaks TLS."""
    browser = open_browser(web={"trusted_proxies": 1, "secure_cookies": True, "allowed_hosts": ["localhost"]})
    return lambda path, **options: browser.client.get(path, headers=TLS, **options)


def policy(answer):
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: set(values) for name, *values in parts}


class TestContentSecurityPolicy:
    @pytest.mark.parametrize("path", EVERYWHERE)
    def test_when_scored_then_it_earns_the_most(self, site, path):
        """csp-implemented-with-no-unsafe-default-src-none: +10. With frame-ancestors, x-frame-options via CSP: +5."""
        rules = policy(site(path))

        assert rules["default-src"] == {"'none'"}
        assert rules["frame-ancestors"] == {"'none'"}
        assert rules["base-uri"] == {"'none'"}
        assert rules["form-action"] == {"'self'"}
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set.union(*rules.values())
        assert "data:" not in rules["script-src"] | rules.get("object-src", set())


class TestHeaders:
    @pytest.mark.parametrize("path", EVERYWHERE)
    def test_when_scored_then_none_loses_a_point(self, site, path):
        headers = site(path).headers

        age = int(first_match(r"^max-age=(\d+)", headers["Strict-Transport-Security"]).group(1))
        assert age >= 15_768_000, "hsts-implemented-max-age-at-least-six-months"
        assert headers["Referrer-Policy"] == "no-referrer", "referrer-policy-private: +5"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", "+10"
        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Cache-Control"] == "no-store"
        assert "geolocation=()" in headers["Permissions-Policy"]
        assert "Server" not in headers
        assert "X-Powered-By" not in headers


class TestCookie:
    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_set_then_only_this_host_gets_it_back_over_tls(self, site, path):
        [cookie] = site(path).headers.getlist("Set-Cookie")

        assert cookie.startswith("__Host-mamia=")
        flags = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)


class TestSession:
    def test_when_read_then_it_holds_a_form_token_and_nothing_else(self, open_browser, directory):
        directory.add_person("fdurand4")
        browser = open_browser()
        browser.prove("fdurand4")
        browser.change("fdurand4", "wrong", "Nouveau-2025")

        with browser.client.session_transaction() as session:
            assert set(session) == {"csrf_token"}


class TestPage:
    @pytest.mark.parametrize("path", EVERYWHERE)
    def test_when_read_then_everything_it_loads_comes_from_here(self, site, path):
        """sri-not-implemented-but-all-scripts-loaded-from-secure-origin: nothing to lose."""
        loaded = re.findall(r'<(?:script|link|img|audio|iframe)[^>]*(?:src|href)="([^"]*)"', site(path).text)

        assert loaded
        assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
        assert not re.search(
            r"<script(?![^>]*(?:src=|type=\"application/(?:ld\+)?json\"))|<style|\sstyle=|\son\w+=", site(path).text
        )


class TestHost:
    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1", "", "localhost:99999"])
    def test_when_it_is_not_ours_then_400(self, site, host):
        assert site("/", environ_overrides={"HTTP_HOST": host}).status_code == 400

    @pytest.mark.parametrize(
        "host, named",
        [
            ("Mon-Compte.AC-example.fr", "mon-compte.ac-example.fr"),
            ("mon-compte.ac-example.fr.", "mon-compte.ac-example.fr"),
            ("mon-compte.ac-example.fr.:443", "MON-COMPTE.ac-example.fr."),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]"),
            ("[0:0:0:0:0:0:0:1]:8080", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8:0::1]"),
            ("xn--acadmie-eya.fr", "académie.fr"),
            ("mon-compte.ac-example.fr", ".ac-example.fr"),
        ],
    )
    def test_when_it_is_ours_in_another_spelling_then_it_is_served(self, open_browser, host, named):
        browser = open_browser(web={"allowed_hosts": [named]})

        assert browser.client.get("/", environ_overrides={"HTTP_HOST": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "ac-example.fr",
            "x.ac-example.fr.evil.example",
            "xac-example.fr",
            "[::2]",
            "[::1",
            "a@ac-example.fr",
            "ac/example",
        ],
    )
    def test_when_it_only_resembles_ours_then_400(self, open_browser, host):
        browser = open_browser(web={"allowed_hosts": [".ac-example.fr", "[::1]"]})

        answer = browser.client.get("/", environ_overrides={"HTTP_HOST": host})

        assert answer.status_code == 400
        assert answer.mimetype == "text/plain"

    def test_when_a_header_names_another_one_then_it_counts_for_nothing(self, open_browser):
        browser = open_browser()
        answer = browser.client.get(CHANGE, headers={"X-Forwarded-Host": "evil.example"})

        assert answer.status_code == 200
        assert "evil.example" not in answer.text


class TestTransportSecurity:
    def test_when_the_site_is_reached_without_tls_then_nothing_is_said(self, open_browser):
        assert "Strict-Transport-Security" not in open_browser().client.get("/").headers


class TestKeys:
    def test_when_they_rotate_then_forms_that_were_open_still_work(self, directory, open_browser):
        directory.add_person("fdurand4")
        old, new = "old-0123456789abcdefghijklmnopqrst", "new-0123456789abcdefghijklmnopqrst"
        before = open_browser(web={"secret_keys": [old]})
        page = before.open(CHANGE)
        cookie = before.client.get_cookie("mamia")
        after = open_browser(web={"secret_keys": [new, old]})
        after.client.set_cookie("mamia", cookie.value)

        typed = {"login": "fdurand4", "current_password": PASSWORD, "new_password": "Nouveau-2025"}
        done = after.send(CHANGE, page, **typed, confirmation="Nouveau-2025")

        assert "Mot de passe modifié" in done.main
        assert directory.binds("fdurand4", "Nouveau-2025")
