"""The pages that the law asks for: legal notice, personal data, accessibility statement."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from gateway.settings import Accessibility, RateLimits
from gateway.settings.legal import AUDIT_YEARS
from gateway.web.personal_data import longest_window
from gateway.web.rgaa import Status, self_audit
from gateway.web.statement import Compliance, compliance
from tests.support.browser import FIND
from tests.support.slapd_server import SUFFIX

LEGAL, PRIVACY, ACCESSIBILITY = "/mentions-legales", "/donnees-personnelles", "/accessibilite"
ADDRESS = "4 rue de l’Exemple, 99000 Trifouilly"
FILLED = {
    "publisher": "Rectorat de l’académie de Trifouilly",
    "address": ADDRESS,
    "phone": "03 80 00 00 00",
    "director": "Ada Lovelace, rectrice",
    "host": "Centre de calcul",
    "host_address": "1 rue du Serveur, 99001 Ailleurs",
    "host_phone": "03 80 11 11 11",
    "data_controller": "la rectrice de l’académie de Trifouilly",
}
OFFICER = {"dpo_mail": "dpd@ac-example.fr"}
TODAY = date(2026, 11, 28)


def lines(page):
    """What the page says in its main part, with ordinary blanks."""
    return re.sub(r"[\u00a0\u202f]", " ", page.main)


@pytest.fixture
def english(open_browser):
    def opener(**sections):
        browser = open_browser(**sections)
        browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        return browser

    return opener


class TestLegalNotice:
    @pytest.mark.parametrize("path", ["/", FIND, "/nulle-part", ACCESSIBILITY])
    def test_when_any_page_is_open_then_its_footer_leads_there(self, browser, path):
        footer = browser.open(path).source.partition("<footer")[2]

        assert f'<a href="{LEGAL}">Mentions légales</a>' in footer

    def test_when_the_settings_are_filled_in_then_it_has_what_the_law_asks_for(self, open_browser):
        page = open_browser(legal=FILLED).open(LEGAL)

        for key in ("publisher", "address", "director", "host", "host_address"):
            assert FILLED[key] in lines(page), key
        assert 'href="tel:+33380000000"' in page.source
        assert 'href="tel:+33380111111"' in page.source
        assert "licence MIT" in lines(page)

    def test_when_a_phone_holds_no_number_then_it_is_shown_without_a_link(self, open_browser):
        page = open_browser(legal={**FILLED, "host_phone": "sur demande"}).open(LEGAL)

        assert "Téléphone : sur demande" in lines(page)
        assert 'href=""' not in page.source

    def test_when_nothing_is_filled_in_then_it_is_true_all_the_same_and_has_no_gaps(self, browser):
        page = browser.open(LEGAL)

        assert page.status == 200
        assert "Académie d’Exemple" in lines(page)
        assert "La personne qui représente légalement l’éditeur" in lines(page)
        assert "de l’hébergeur vous sont donnés sur demande" in lines(page)
        assert 'href="tel:+33123456789"' in page.source
        assert "{{" not in page.source

    def test_when_asked_in_english_then_it_says_the_same(self, english):
        page = english(legal=FILLED).open(LEGAL)

        assert "Director of publication Ada Lovelace, rectrice" in lines(page)
        assert "Legal notice" in lines(page)


class TestPersonalData:
    @pytest.mark.parametrize("academy", [{}, OFFICER])
    @pytest.mark.parametrize("legal", [{}, FILLED])
    def test_when_opened_then_it_has_everything_of_article_13(self, open_browser, academy, legal):
        page = open_browser(academy=academy, legal=legal).open(PRIVACY)

        text = lines(page)
        assert f"Le responsable du traitement est {legal.get('data_controller', 'l’académie d’Exemple')}" in text
        assert "délégué à la protection des données" in text
        assert "mission d’intérêt public (article 6.1.e du RGPD)" in text
        for right in ("Accès", "Rectification", "Opposition", "limitation", "Effacement"):
            assert right in text
        assert "CNIL, 3 place de Fontenoy, TSA 80715, 75334 Paris CEDEX 07" in text
        assert f"mailto:{academy.get('dpo_mail', 'assistance@ac-example.fr')}" in page.source

    def test_when_asked_in_english_then_it_has_them_too(self, english):
        text = lines(english(legal=FILLED, academy=OFFICER).open(PRIVACY))

        assert "public interest (GDPR, article 6.1.e)" in text
        assert "Objection and restriction" in text
        assert "Audit and technical logs: 365 days" in text

    def test_when_settings_say_how_long_then_the_page_says_the_same(self, open_browser, mail_server, tmp_path):
        page = open_browser(
            audit={"retention_days": 180},
            events={"keep_days": 21},
            rate_limits={"per_login": "5/20 minutes; 25/3 days"},
            captcha={"lifetime_minutes": 7},
            reset={"ticket_minutes": 12},
            people={"private_mail": "privateMail"},
            second_factor={"methods": ["mail"], "minutes": 9},
            notifications={
                "spool": tmp_path / "mails",
                "smtp_host": "127.0.0.1",
                "smtp_port": mail_server.port,
                "retry_hours": 36,
            },
            workstation={"targets": {"poste": {"type": "samba_nt"}}, "retry_hours": 0.5},
        ).open(PRIVACY)

        text = lines(page)
        assert "Journaux d’audit et journaux techniques : 180 jours" in text
        assert "adresse IP : 3 jours au plus" in text
        assert "une empreinte à clé de votre identifiant : 21 jours au plus" in text
        assert "Vérification anti-robot : 7 minutes" in text
        assert "pour une réinitialisation : 12 minutes" in text
        assert "Code qui vous est envoyé : 9 minutes" in text
        assert "jusqu’à son envoi, 36 heures au plus" in text
        assert "jusqu’à ce qu’il y soit actif, 30 minutes au plus" in text
        assert "Page qui confirme une modification : 1 heure" in text
        assert "Cookie de la langue choisie : 365 jours" in text

    def test_when_the_helpdesk_and_recovery_methods_are_on_then_the_page_says_what_is_in_the_entry(
        self, open_browser, directory
    ):
        page = open_browser(
            helpdesk={
                "bind_dn": f"cn=helpdesk,ou=services,{SUFFIX}",
                "bind_password": directory.slapd.password("helpdesk"),
                "code_minutes": 120,
            },
            recovery={"methods": ["mobile", "totp"]},
            second_factor={"sms_gateway_url": "http://127.0.0.1:9/", "minutes": 9},
            charter={"version": "2026-09", "url": "https://www.ac-example.fr/charte"},
        ).open(PRIVACY)

        text = lines(page)
        assert "moyens de secours que vous avez ajoutés, chiffrés : jusqu’à ce que vous les supprimiez" in text
        assert "sous forme d’empreinte à clé : jusqu’à ce que vous l’utilisiez, 2 heures au plus" in text
        assert "version de la charte informatique que vous avez acceptée" in text
        assert "Code qui vous est envoyé : 9 minutes" in text
        assert "il reçoit votre numéro de téléphone et le texte de ces messages" in text

    def test_when_recovery_methods_are_announced_to_phones_then_the_page_names_notice_and_operator(
        self, open_browser, tmp_path
    ):
        page = open_browser(
            recovery={"methods": ["totp"]},
            second_factor={"sms_gateway_url": "http://127.0.0.1:9/"},
            notifications={"spool": tmp_path / "mails", "smtp_host": ""},
        ).open(PRIVACY)

        text = lines(page)
        assert "SMS sur vos moyens de secours, avec votre numéro de téléphone, qui attend d’être envoyé" in text
        assert "il reçoit votre numéro de téléphone et le texte de ces messages" in text

    def test_when_something_is_not_in_use_then_the_page_does_not_name_it(self, browser):
        text = lines(browser.open(PRIVACY))

        for words in (
            "Code qui vous est envoyé",
            "poste de travail",
            "postes de travail",
            "SMS",
            "serveur de messagerie",
            "moyens de secours",
            "code que l’assistance",
        ):
            assert words not in text

    def test_when_others_receive_data_then_the_page_names_them(self, open_browser):
        text = lines(
            open_browser(
                legal=FILLED,
                password={"pwned_url": "https://miroir.ac-example.fr/range/"},
                workstation={"targets": {"poste": {"type": "samba_nt"}}},
            ).open(PRIVACY)
        )

        assert "l’hébergeur de ce site, comme sous-traitant : Centre de calcul" in text
        assert "les serveurs des postes de travail Windows" in text
        assert "une liste de mots de passe divulgués" in text

    def test_when_the_publisher_hosts_the_site_itself_then_it_is_no_processor(self, open_browser):
        text = lines(open_browser(legal={**FILLED, "host": FILLED["publisher"]}).open(PRIVACY))

        assert "sous-traitant" not in text


class TestLongestWindow:
    @pytest.mark.parametrize("key", ["per_login", "per_name", "misses_overall", "text_messages_overall"])
    def test_when_a_rate_counts_over_a_longer_time_then_that_is_the_longest(self, key):
        assert longest_window(RateLimits.model_validate({key: "9/minute; 90/5 days"})) == timedelta(days=5)


class TestCompliance:
    @pytest.mark.parametrize(
        ("settings", "state"),
        [
            ({}, Compliance.NONE),
            ({"audited_on": TODAY, "audited_by": "X", "percent": 49.9}, Compliance.NONE),
            ({"audited_on": TODAY, "audited_by": "X", "percent": 50}, Compliance.PARTIAL),
            ({"audited_on": TODAY, "audited_by": "X", "percent": 99.9}, Compliance.PARTIAL),
            ({"audited_on": TODAY, "audited_by": "X", "percent": 100}, Compliance.FULL),
            ({"audited_on": date(2023, 11, 29), "audited_by": "X", "percent": 100}, Compliance.FULL),
            ({"audited_on": date(2023, 11, 28), "audited_by": "X", "percent": 100}, Compliance.NONE),
        ],
    )
    def test_when_audits_are_compared_then_the_state_is_that_of_the_law(self, settings, state):
        assert compliance(Accessibility(**settings), TODAY) is state

    @pytest.mark.parametrize(
        "settings",
        [
            {"percent": 80},
            {"audited_by": "X"},
            {"audited_on": TODAY, "percent": 80},
            {"audited_on": TODAY, "audited_by": "X"},
            {"audited_on": TODAY, "audited_by": "X", "percent": 101},
        ],
    )
    def test_when_an_audit_is_told_in_part_then_it_is_refused(self, settings):
        with pytest.raises(ValidationError):
            Accessibility(**settings)


class TestStatement:
    def test_when_there_was_no_audit_then_page_and_footer_say_not_compliant(self, browser):
        page = browser.open(ACCESSIBILITY)

        assert "Ce service est non conforme avec le référentiel" in lines(page)
        assert "aucun audit en cours de validité" in lines(page)
        assert "Accessibilité : non conforme" in re.sub(r"\s", " ", page.text)

    @pytest.mark.parametrize(("percent", "words"), [(75.5, "partiellement"), (100, "totalement")])
    def test_when_an_audit_is_known_then_page_and_footer_say_what_follows(self, open_browser, percent, words):
        audit = {"audited_on": datetime.now(UTC).date(), "audited_by": "la société Exemple", "percent": percent}
        page = open_browser(accessibility={**audit, "report_url": "https://ac-example.fr/audit"}).open(ACCESSIBILITY)

        assert f"Ce service est {words} conforme avec le référentiel" in lines(page)
        assert f"Accessibilité : {words} conforme" in re.sub(r"\s", " ", page.text)
        assert f"{str(percent).replace('.', ',')} % des critères" in lines(page)
        assert "réalisé par la société Exemple" in lines(page)
        assert 'href="https://ac-example.fr/audit"' in page.source

    def test_when_the_audit_is_too_old_then_it_no_longer_counts(self, open_browser):
        old = datetime.now(UTC).date() - timedelta(days=366 * AUDIT_YEARS)
        page = open_browser(accessibility={"audited_on": old, "audited_by": "X", "percent": 100}).open(ACCESSIBILITY)

        assert "Ce service est non conforme" in lines(page)
        assert "100 %" not in lines(page)

    def test_when_opened_then_its_figures_are_those_of_the_self_audit(self, browser):
        text, audit = lines(browser.open(ACCESSIBILITY)), self_audit()

        assert f"{audit.percent} % des critères applicables respectés" in text
        assert f"{audit.count(Status.MET)} critères respectés, {audit.count(Status.NOT_MET)} non respectés" in text
        assert all(f"Critère {one.number} :" in text for one in audit.not_met)

    @pytest.mark.parametrize(
        ("language", "headings"),
        [
            (
                "fr",
                [
                    "Déclaration d’accessibilité",
                    "État de conformité",
                    "Résultats des tests",
                    "Contenus non accessibles",
                    "Non-conformités",
                    "Dérogations pour charge disproportionnée",
                    "Contenus non soumis à l’obligation d’accessibilité",
                    "Établissement de cette déclaration d’accessibilité",
                    "Technologies utilisées pour la réalisation du service",
                    "Environnement de test",
                    "Outils pour évaluer l’accessibilité",
                    "Pages ayant fait l’objet de la vérification de conformité",
                    "Retour d’information et contact",
                    "Voies de recours",
                ],
            ),
            ("en", ["Accessibility statement", "State of compliance", "Feedback and contact"]),
        ],
    )
    def test_when_opened_then_it_has_the_parts_of_the_official_model_in_their_order(
        self, browser, language, headings
    ):
        page = browser.open(f"{ACCESSIBILITY}?langue={language}")

        found = re.findall(r"<h[123]>(.*?)</h[123]>", page.source.partition("<main")[2].partition("</main>")[0])
        assert [one for one in found if one in headings] == headings

    def test_when_the_answer_does_not_help_then_every_way_to_the_defender_is_there(self, browser):
        page = browser.open(ACCESSIBILITY)

        assert 'href="https://formulaire.defenseurdesdroits.fr/"' in page.source
        assert 'href="https://www.defenseurdesdroits.fr/carte-des-delegues"' in page.source
        assert "Défenseur des droits Libre réponse 71120 75342 Paris CEDEX 07" in lines(page)
        assert 'href="mailto:assistance@ac-example.fr"' in page.source
        assert 'href="tel:+33123456789"' in page.source

    def test_when_the_academy_has_plans_then_they_are_linked(self, open_browser):
        plans = {"plan_url": "https://ac-example.fr/schema", "actions_url": "https://ac-example.fr/plan"}

        page = open_browser(accessibility=plans).open(ACCESSIBILITY)

        assert 'href="https://ac-example.fr/schema"' in page.source
        assert 'href="https://ac-example.fr/plan"' in page.source
