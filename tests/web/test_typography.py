"""French typography: where a line must not break, in every text of a page, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.web import markdown
from gateway.web.typography import HYPHEN, NARROW, WIDE, breakable, french, typeset
from tests.support.browser import PAGES, RESET

BREAKS = re.compile(r"[ \n](?:[;:!?»](?!\S)|%)|«[ \n]|\d[ \n](?=\d|h\b|minutes|caractères)|I-Prof")
"""What must not be in the words of a French page: blanks at which a line may break, and a hyphen."""
CONTENT = Path(__file__).parents[2] / "templates" / "content"


def shown(text):
    """The text with its no-break characters made visible: ~ wide, ^ narrow, = hyphen."""
    return text.replace(WIDE, "~").replace(NARROW, "^").replace(HYPHEN, "=")


class TestFrench:
    @pytest.mark.parametrize(
        "written, typeset_text",
        [
            ("Le bouton « Afficher » : voilà ! Non ? Si ; oui.", "Le bouton «~Afficher~»~: voilà^! Non^? Si^; oui."),
            ("01 23 45 67 89", "01~23~45~67~89"),
            ("27 mars 1985, 27 3 1985 ou 1er janvier", "27~mars~1985, 27~3~1985 ou 1er~janvier"),
            ("de 8 h 30 à 17 h", "de 8~h~30 à 17~h"),
            ("10 minutes, 13 caractères, 200 Mo", "10~minutes, 13~caractères, 200~Mo"),
            ("loi n° 2005-102, RGAA 4.1", "loi n°~2005=102, RGAA~4.1"),
            ("article 93-2", "article~93=2"),
            ("Ouvrir I-Prof", "Ouvrir I=Prof"),
            ("(par exemple - ! ? @)", "(par exemple -~!~?~@)"),
            ("%(minutes)s minutes, {percent} %%, %(count)d %", "%(minutes)s~minutes, {percent}~%%, %(count)d~%"),
            (" : l’heure", "~: l’heure"),
        ],
    )
    def test_when_typeset_then_a_line_does_not_break_there(self, written, typeset_text):
        assert shown(french(written)) == typeset_text

    @pytest.mark.parametrize(
        "text",
        [
            "le %(moment)s",
            "https://i-prof.example/?a=1&b=2:3",
            "azerty123, Soleil-2026…, {SSHA}",
            "fdurand4@ac-example.fr",
            "27/03/1985",
            "un mot - puis un autre",
        ],
    )
    def test_when_there_is_nothing_to_hold_together_then_it_stays_as_it_is(self, text):
        assert french(text) == text

    def test_when_typeset_twice_or_written_so_by_hand_then_it_is_the_same(self):
        once = french("« 10 minutes » : 8 h 30 !")

        assert french(once) == once

    def test_when_it_is_english_then_only_names_are_held_together(self):
        assert shown(typeset("I-Prof: which one ? 10 minutes", "en")) == "I=Prof: which one ? 10 minutes"


class TestBreakable:
    def test_when_sent_as_text_message_then_its_blanks_are_ordinary(self):
        assert breakable(french("I-Prof : 10 minutes !")) == "I-Prof : 10 minutes !"


class TestMarkdown:
    def test_when_it_has_code_and_addresses_then_they_stay_as_they_are(self):
        html = markdown.html("Voici : `a : b` et [I-Prof](https://i-prof.fr/?a=1) !", "fr")

        assert "<code>a : b</code>" in html
        assert 'href="https://i-prof.fr/?a=1"' in html
        assert shown(html).startswith("<p>Voici~: ")
        assert shown(html).endswith(">I=Prof</a>^!</p>\n")

    def test_when_its_source_breaks_a_line_then_the_page_does_not(self):
        assert shown(markdown.html("dans 10\nminutes", "fr")) == "<p>dans 10~minutes</p>\n"

    def test_when_a_word_is_foreign_then_its_language_is_marked(self):
        html = markdown.html("- *over quota*{: lang=en } : pleine", "fr")

        assert f'<em lang="en">over quota</em>{WIDE}: pleine' in html

    def test_when_it_has_html_then_it_is_escaped(self):
        assert "<script>" not in markdown.html('<script>1</script> *a*{: lang=x"y }', "fr")


class TestContent:
    def test_when_written_then_no_file_has_no_break_spaces_by_hand(self):
        by_hand = [file.name for file in CONTENT.glob("*/*.md") if set(file.read_text()) & {WIDE, NARROW, HYPHEN}]

        assert by_hand == []

    @pytest.mark.parametrize("word", ["phishing", "user unknown", "mailbox full", "over quota", "message too large"])
    def test_when_it_has_an_english_word_then_it_is_marked(self, browser, word):
        assert f'<em lang="en">{word}</em>' in browser.open("/questions-frequentes").source


class TestPage:
    @pytest.mark.parametrize("path", PAGES)
    def test_when_it_is_french_then_no_line_breaks_where_it_must_not(self, open_browser, path):
        page = open_browser(captcha={"required": ["find", "reset", "change"]}).open(path)

        words = re.sub(r"<(script|style|code)\b.*?</\1>|<[^>]*>", "\n\n", page.source, flags=re.DOTALL)
        assert [found[0] for found in BREAKS.finditer(re.sub(r"\s*\n\s*\n\s*", "|", words))] == []

    def test_when_it_is_refused_then_the_sentences_and_numbers_are_typeset(self, browser):
        page = browser.change("fdurand4", "Faux-2024", "Nouveau-2025")

        assert f'l’assistance{WIDE}: <a href="tel:+33123456789">01{WIDE}23{WIDE}45{WIDE}67{WIDE}89' in page.source
        assert f"15{WIDE}minutes{NARROW};" in page.source

    def test_when_it_is_english_then_it_has_none(self, browser):
        page = browser.open(f"{RESET}?langue=en")

        assert NARROW not in page.source
        assert HYPHEN not in page.source

    def test_when_it_has_links_to_phone_and_mail_then_their_addresses_have_ordinary_characters(self, browser):
        for path in PAGES:
            source = browser.open(path).source
            assert (
                {"+33123456789"} <= set(re.findall(r'href="tel:([^"]*)"', source)) <= {"+33123456789", "+33153732222"}
            )
            addresses = re.findall(r'(?:href|src|value|name|action)="([^"]*)"', source)
            assert not [
                address for address in addresses if re.search("[\u00a0\u202f\u2011]|%C2%A0|%E2%80%AF", address)
            ]

    def test_when_somebody_typed_what_looks_french_then_it_comes_back_as_it_was_typed(self, browser):
        page = browser.find("Durand : I-Prof !", "10 minutes", "demain")

        assert page.fields["surname"] == "Durand : I-Prof !"
        assert page.fields["given_name"] == "10 minutes"


class TestAcademy:
    def test_when_it_has_pages_and_texts_of_its_own_then_they_are_typeset_too(self, open_browser, tmp_path):
        (tmp_path / "pages").mkdir()
        (tmp_path / "content" / "fr").mkdir(parents=True)
        (tmp_path / "content" / "fr" / "home.md").write_text("Appelez le 01 23 !")
        (tmp_path / "pages" / "home.html").write_text(
            "{% extends 'base.html' %}{% block title %}Ici{% endblock %}{% block main %}"
            '<h1 title="a : b">Bonjour !</h1><pre>x : y</pre>'
            '<a href="/?q={{ 1 }} : 2">{{ "c : d" }} : e</a>{% endblock %}'
        )

        source = open_browser(web={"templates": tmp_path}).open("/").source

        assert f"Appelez le 01{WIDE}23{NARROW}!" in source
        assert f'<h1 title="a : b">Bonjour{NARROW}!</h1><pre>x : y</pre>' in source
        assert f'<a href="/?q=1 : 2">c : d{WIDE}: e</a>' in source
