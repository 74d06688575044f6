"""The pages that are only read, and what every page has in common."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE, FIND, PAGES, RESET


class TestPage:
    @pytest.mark.parametrize("path", PAGES)
    def test_when_opened_then_it_is_french_has_one_heading_and_leads_to_every_service(self, browser, path):
        page = browser.open(path)

        assert page.status == 200
        assert '<html lang="fr">' in page.source
        assert page.source.count("<h1") == 1
        for target in ("/", FIND, RESET, CHANGE, "/assistance"):
            assert f'href="{target}"' in page.source

    @pytest.mark.parametrize("path", PAGES)
    def test_when_opened_then_nothing_is_inline_and_nothing_comes_from_elsewhere(self, browser, path):
        page = browser.open(path)

        policy = page.answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert " style=" not in page.source
        assert "<style" not in page.source
        assert " onclick=" not in page.source
        assert 'src="http' not in page.source

    @pytest.mark.parametrize("path", PAGES)
    def test_when_opened_then_no_proxy_keeps_it_and_no_frame_shows_it(self, browser, path):
        headers = browser.open(path).answer.headers

        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert len(headers["X-Request-ID"]) == 16

    @pytest.mark.parametrize("path", ["/", FIND, RESET, CHANGE, "/assistance", "/questions-frequentes"])
    def test_when_opened_then_informations_are_beside(self, browser, path):
        assert 'id="informations">Aide et informations' in browser.open(path).source


class TestResetPage:
    def test_when_the_classic_mode_is_set_then_informations_say_what_the_password_will_be(self, open_browser):
        assert "en majuscules" in open_browser(reset={"mode": "initial"}).open(RESET).text


class TestPages:
    def test_when_the_academy_has_names_and_links_then_they_are_shown(self, open_browser):
        browser = open_browser(
            academy={"name": "Académie de Trifouilly", "webmail_url": "https://webmail.ac-trifouilly.fr/"},
            support={
                "phone": "09 87 65 43 21",
                "mail": "aide@ac-trifouilly.fr",
                "openings": [{"days": ["sat"], "opens": "10:00", "closes": "11:00"}],
            },
        )

        page = browser.open("/assistance")

        assert "Académie de Trifouilly" in page.text
        assert "09 87 65 43 21" in page.text
        assert 'href="mailto:aide@ac-trifouilly.fr"' in page.source
        assert "le samedi, de 10 h à 11 h" in page.text
        assert "https://webmail.ac-trifouilly.fr/" in browser.open("/questions-frequentes").source

    def test_when_the_academy_has_texts_of_its_own_then_they_come_first(self, open_browser, tmp_path):
        (tmp_path / "content" / "fr").mkdir(parents=True)
        (tmp_path / "content" / "fr" / "help.md").write_text("Passez nous voir, <script>bureau</script> 12.")

        page = open_browser(web={"templates": tmp_path}).open("/assistance")

        assert "Passez nous voir" in page.text
        assert "<script>bureau" not in page.source
        assert "Assistance" in page.text


class TestQuestions:
    def test_when_opened_then_the_fifteen_of_the_academies_each_have_an_anchor(self, browser):
        page = browser.open("/questions-frequentes")

        assert page.source.count("<section ") == 15
        assert 'href="#hameconnage"' in page.source
        assert "{:" not in page.source
        assert "{{" not in page.source

    def test_when_those_of_an_academy_have_no_anchor_then_they_are_shown_all_the_same(self, open_browser, tmp_path):
        (tmp_path / "content" / "fr").mkdir(parents=True)
        (tmp_path / "content" / "fr" / "faq.md").write_text("## Où êtes-vous ?\n\nAu bureau 12.\n")

        page = open_browser(web={"templates": tmp_path}).open("/questions-frequentes")

        assert "Où êtes-vous ? Au bureau 12." in page.main


class TestAddress:
    def test_when_there_is_no_such_page_then_the_way_home_is_shown(self, browser):
        page = browser.open("/nulle-part")

        assert page.status == 404
        assert "Page introuvable" in page.main


class TestResult:
    def test_when_its_ticket_is_not_ours_then_the_page_says_that_it_is_gone(self, browser):
        assert browser.open("/resultat/AAAA").status == 410


class TestFault:
    def test_when_the_program_errs_then_the_page_gives_a_reference_and_the_log_no_values(self, browser, caplog):
        secret = "-".join(("Mot", "De", "Passe", "Secret"))

        def fail():
            raise RuntimeError(secret)

        browser.app.view_functions["home"] = fail

        page = browser.open("/")

        assert page.status == 500
        assert page.answer.headers["X-Request-ID"] in page.main
        assert "unexpected RuntimeError" in caplog.text
        assert "test_reading_pages.py" in caplog.text
        assert secret not in caplog.text + page.source


class TestCookie:
    def test_when_the_site_is_reached_by_https_then_it_is_secure_and_strict(self, open_browser):
        browser = open_browser(web={"secure_cookies": True})

        cookie = browser.open(CHANGE).answer.headers["Set-Cookie"]

        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
