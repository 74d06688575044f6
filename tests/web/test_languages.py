"""The language of a page: the browser's, or the one that was chosen; nothing that was typed is lost by choosing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from gateway.web import language
from tests.support.browser import CHANGE, FIND, PAGES, RESET, Browser
from tests.support.matching import first_match
from tests.support.polling import wait_until
from tests.support.slapd_server import NUMEN, PASSWORD

FRENCH = re.compile(r"\b(votre|vous|mot de passe|indiquez|choisissez|annuaire|messagerie|rien n)\b", re.IGNORECASE)
NEW = "Nouveau-2025"


@pytest.fixture
def asking(open_browser: Callable[..., Browser]):
    """A browser that asks for this language: `asking("en-GB,en;q=0.9", captcha={…})`."""

    def opener(languages: str, **sections) -> Browser:
        browser = open_browser(**sections)
        browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = languages
        return browser

    return opener


def language_of(page):
    return first_match(r'<html lang="(\w+)">', page.source)[1]


class TestPage:
    @pytest.mark.parametrize(
        "asked, given",
        [
            ("fr-FR,fr;q=0.9", "fr"),
            ("en-US,en;q=0.9,fr;q=0.5", "en"),
            ("de-DE,de", "fr"),
            ("", "fr"),
            ("de,en;q=0.5", "en"),
        ],
    )
    def test_when_the_browser_asks_for_a_language_then_it_comes_in_it_or_in_french(self, asking, asked, given):
        assert language_of(asking(asked).open("/")) == given

    @pytest.mark.parametrize("path", PAGES)
    def test_when_asked_in_english_then_no_french_is_left(self, asking, path):
        page = asking("en").open(path)

        assert not FRENCH.findall(page.text)


class TestRules:
    def test_when_broken_in_english_then_each_is_named(self, directory, asking):
        directory.add_person("fdurand4")

        page = asking("en").change("fdurand4", PASSWORD, "abc")

        assert "The new password must contain at least 8 characters." in page.main


class TestForm:
    def test_when_refused_in_english_then_the_reasons_are_english(self, asking):
        page = asking("en").change("", "", "abc", "abd")

        assert "Enter your login" in page.main
        assert "The confirmation is not the new password" in page.main
        assert not FRENCH.findall(page.main)

    def test_when_shown_in_another_language_then_answers_are_kept_and_nothing_is_refused(self, asking):
        browser = asking("fr")

        page = browser.send(FIND, browser.open(FIND), surname="Durand", langue="en")

        assert page.status == 200
        assert language_of(page) == "en"
        assert page.fields["surname"] == "Durand"
        assert "resume-erreurs" not in page.source

    def test_when_shown_in_another_language_then_no_password_comes_back(self, asking):
        browser = asking("fr")

        page = browser.send(CHANGE, browser.open(CHANGE), login="fdurand4", current_password=PASSWORD, langue="en")

        assert page.fields["current_password"] == ""
        assert PASSWORD not in page.source


class TestReset:
    def test_when_its_second_step_is_shown_in_another_language_then_the_ticket_still_serves(self, directory, asking):
        directory.add_person("fdurand4")
        browser = asking("fr")
        french = browser.prove("fdurand4", NUMEN)

        english = browser.send(RESET, french, langue="en")
        done = browser.choose(english, NEW)

        assert "Choose a new password" in english.main
        assert "Password changed" in done.main
        assert directory.binds("fdurand4", NEW)


class TestHugeRequest:
    def test_when_refused_then_the_language_is_the_browsers(self, asking):
        page = asking("en").post(FIND, {"surname": "x" * 300_000})

        assert page.status == 413
        assert "The request was too large" in page.main


class TestQuestions:
    def test_when_compared_between_languages_then_the_anchors_are_the_same(self, asking):
        french, english = (asking(language).open("/questions-frequentes").source for language in ("fr", "en"))

        anchors = [re.findall(r'<h2 id="([\w-]+)">', source) for source in (french, english)]
        assert len(anchors[0]) == 16
        assert anchors[0] == anchors[1]


@pytest.fixture
def occitan_catalogue(tmp_path, monkeypatch):
    """A language that has a catalogue, in French words, and no text of its own."""
    folder = tmp_path / "translations"
    shutil.copytree(language.FOLDER, folder)
    shutil.copytree(folder / "fr", folder / "oc")
    monkeypatch.setattr(language, "FOLDER", folder)


class TestLanguage:
    def test_when_chosen_then_it_is_remembered_against_the_browsers_preference(self, asking):
        browser = asking("fr")

        assert language_of(browser.open("/?langue=en")) == "en"
        assert language_of(browser.open(CHANGE)) == "en"
        assert language_of(browser.open("/?langue=fr")) == "fr"
        assert language_of(browser.open("/")) == "fr"

    @pytest.mark.parametrize("value", ["oc", "xx", "../fr", "<script>", ""])
    def test_when_it_is_none_of_ours_then_the_request_counts_for_nothing(self, asking, value):
        page = asking("fr").client.get("/", query_string={"langue": value})

        assert '<html lang="fr">' in page.text
        assert "langue" not in page.headers.get("Set-Cookie", "")

    def test_when_its_cookie_is_forged_then_it_counts_for_nothing(self, asking):
        browser = asking("fr")
        browser.client.set_cookie("mamia-langue", "../../etc")

        assert language_of(browser.open("/")) == "fr"

    def test_when_chosen_then_its_cookie_is_strict(self, asking):
        browser = asking("fr", web={"secure_cookies": True})

        [cookie] = browser.open("/?langue=en").answer.headers.getlist("Set-Cookie")

        assert cookie.startswith("mamia-langue=en;")
        assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))

    def test_when_the_settings_name_it_then_it_is_offered_with_french_texts_marked(self, asking, occitan_catalogue):
        browser = asking("oc", web={"languages": ["fr", "en", "oc"]})

        page = browser.open(FIND)

        assert language_of(page) == "oc"
        assert "Occitan" in page.text
        assert '<div lang="fr">' in page.source

    def test_when_no_catalogue_has_it_then_it_is_not_offered_by_default(self, asking):
        assert "Occitan" not in asking("oc").open("/").text


class TestPages:
    def test_when_an_academy_has_a_catalogue_of_its_own_then_its_words_come_first(self, asking, tmp_path):
        own = Catalog("fr")
        own.add("Help", "La hotline")
        file = tmp_path / "translations" / "fr" / "LC_MESSAGES" / "messages.mo"
        file.parent.mkdir(parents=True)
        with file.open("wb") as opened:
            write_mo(opened, own)

        page = asking("fr", web={"templates": tmp_path}).open("/assistance")

        assert "La hotline" in page.text
        assert "Retrouver mon compte" in page.text


class TestNotice:
    @pytest.mark.parametrize(
        "preferred, subject, language",
        [
            (None, "Votre mot de passe a été modifié", "fr"),
            ("en", "Your password was changed", "en"),
            ("en-GB, fr;q=0.5", "Your password was changed", "en"),
            ("de, fr;q=0.8, en;q=0.1", "Votre mot de passe a été modifié", "fr"),
            ("de", "Votre mot de passe a été modifié", "fr"),
            (";q=,,\x7f" + "x" * 300, "Votre mot de passe a été modifié", "fr"),
        ],
    )
    @pytest.mark.parametrize("asked", ["fr", "en"])
    def test_when_somebody_changed_then_it_is_in_the_language_of_the_entry_and_not_of_the_browser(
        self, directory, asking, mail_server, tmp_path, asked, preferred, subject, language
    ):
        directory.add_person("fdurand4", preferredLanguage=preferred)
        notices = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}

        asking(asked, notifications=notices).change("fdurand4", PASSWORD, NEW)

        mail = mail_server.to("fdurand4@ac-example.fr")
        assert mail["Subject"] == subject
        assert mail["Content-Language"] == language

    def test_when_somebody_has_several_addresses_then_each_one_gets_it(
        self, directory, asking, mail_server, tmp_path
    ):
        directory.add_person("fdurand4", mail=["fdurand4@ac-example.fr", "f.durand@ac-example.fr"])
        notices = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}

        asking("fr", notifications=notices).change("fdurand4", PASSWORD, NEW)

        for address in ("fdurand4@ac-example.fr", "f.durand@ac-example.fr"):
            assert mail_server.to(address)["Subject"] == "Votre mot de passe a été modifié"

    def test_when_a_stranger_locks_an_account_in_english_then_its_owner_reads_french(
        self, directory, asking, mail_server, tmp_path
    ):
        directory.add_person("fdurand4")
        notices = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
        browser = asking("en", notifications=notices, rate_limits={"per_login": "11/5 minutes"})

        for _ in range(10):
            browser.change("fdurand4", "Faux-2024", NEW)
        wait_until(lambda: bool(mail_server.mails))

        assert "bloqué" in mail_server.to("fdurand4@ac-example.fr")["Subject"]
