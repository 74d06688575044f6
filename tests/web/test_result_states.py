"""The result page in every state of a workstation, in French and English: heading, state and next step agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import combinations_with_replacement

import pytest
from flask import render_template

from gateway.account.errors import DirectoryUnavailable
from gateway.web.forms import DisputeForm
from gateway.web.pages.result import shown_of
from gateway.web.propagation_status import PropagationStatus
from gateway.web.result_texts import CASES, Case
from gateway.workstation.model import Reason
from gateway.workstation.state import DeliveryState, DeliveryStatus, pending

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CHANGE = "c0ffee"
LINK_TO_CHANGE = 'href="/modifier-mon-mot-de-passe"'

# What is recorded of one target: status and reason; None: nothing of this change.
RECORDED: dict[Case, tuple[DeliveryStatus, str]] = {
    Case.DONE: (DeliveryStatus.DONE, ""),
    Case.WAITING: (DeliveryStatus.PENDING, ""),
    Case.UNREACHABLE: (DeliveryStatus.PENDING, "connection refused"),
    Case.HELD: (DeliveryStatus.HELD, "restored"),
    Case.EXPIRED: (DeliveryStatus.EXPIRED, "connection refused"),
    Case.REFUSED: (DeliveryStatus.REJECTED, "a reason of a later version"),
    **{Case(reason): (DeliveryStatus.REJECTED, reason) for reason in Reason},
}
OF_THE_WHOLE_CHANGE = (Case.SUPERSEDED, Case.LOST, Case.UNKNOWN)
"""They are not recorded at a target: nothing of the change is there, or the directory cannot be read."""


@dataclass(frozen=True)
class Said:
    """What the page says of one state."""

    heading: str
    badge: str
    step: str
    """How its next step begins."""


DEVICES = "Remplacez l’ancien mot de passe dans votre téléphone"
ANOTHER = "Choisissez un autre mot de passe"
AGAIN = "Modifiez de nouveau votre mot de passe"
YET = "Mot de passe modifié, mais pas encore sur le poste de travail"
NOT = "Mot de passe modifié, mais pas sur le poste de travail"
MAIL = "Mot de passe modifié pour la messagerie et les applications"
FRENCH = {
    Case.DONE: Said("Mot de passe modifié", "actif", DEVICES),
    Case.WAITING: Said(YET, "en attente", DEVICES),
    Case.UNREACHABLE: Said(YET, "en attente", DEVICES),
    Case.HELD: Said(YET, "en attente", DEVICES),
    Case.EXPIRED: Said(NOT, "échec", AGAIN),
    Case.TOO_SHORT: Said(NOT, "refusé", ANOTHER),
    Case.IN_HISTORY: Said(NOT, "refusé", ANOTHER),
    Case.TOO_SIMPLE: Said(NOT, "refusé", ANOTHER),
    Case.POLICY: Said(NOT, "refusé", ANOTHER),
    Case.CONTROL_CHARACTER: Said(NOT, "refusé", ANOTHER),
    Case.TOO_YOUNG: Said(NOT, "refusé", DEVICES),
    Case.REFUSED: Said(NOT, "refusé", AGAIN),
    Case.NO_ACCOUNT: Said(MAIL, "aucun compte", DEVICES),
    Case.NO_WORKSTATION: Said(MAIL, "non transmis", DEVICES),
    Case.PROTECTED: Said(NOT, "non transmis", DEVICES),
    Case.NOT_PLAIN_TEXT: Said(NOT, "non transmis", AGAIN),
    Case.NOT_FOR_THIS_ENTRY: Said(NOT, "échec", AGAIN),
    Case.UNREADABLE: Said(NOT, "échec", AGAIN),
    Case.NOT_IN_FORCE: Said(
        "Ce mot de passe n’ouvre plus votre compte", "non transmis", "Si vous avez choisi un mot de passe plus récent"
    ),
    Case.SUPERSEDED: Said(
        "Un mot de passe plus récent a remplacé celui-ci", "remplacé", "Utilisez votre mot de passe le plus récent"
    ),
    Case.LOST: Said(
        "L’annuaire n’a plus ce changement de mot de passe", "à vérifier", "Essayez le nouveau mot de passe"
    ),
    Case.UNKNOWN: Said("Mot de passe modifié ; l’état du poste de travail n’est pas connu", "inconnu", DEVICES),
}
DEVICES_EN, ANOTHER_EN = "Replace the old password in your phone", "Choose another password"
AGAIN_EN = "Change your password again"
YET_EN, NOT_EN = "Password changed, but not yet at the workstation", "Password changed, but not at the workstation"
MAIL_EN = "Password changed for mail and applications"
ENGLISH = {
    Case.DONE: Said("Password changed", "active", DEVICES_EN),
    Case.WAITING: Said(YET_EN, "waiting", DEVICES_EN),
    Case.UNREACHABLE: Said(YET_EN, "waiting", DEVICES_EN),
    Case.HELD: Said(YET_EN, "waiting", DEVICES_EN),
    Case.EXPIRED: Said(NOT_EN, "failed", AGAIN_EN),
    Case.TOO_SHORT: Said(NOT_EN, "refused", ANOTHER_EN),
    Case.IN_HISTORY: Said(NOT_EN, "refused", ANOTHER_EN),
    Case.TOO_SIMPLE: Said(NOT_EN, "refused", ANOTHER_EN),
    Case.POLICY: Said(NOT_EN, "refused", ANOTHER_EN),
    Case.CONTROL_CHARACTER: Said(NOT_EN, "refused", ANOTHER_EN),
    Case.TOO_YOUNG: Said(NOT_EN, "refused", DEVICES_EN),
    Case.REFUSED: Said(NOT_EN, "refused", AGAIN_EN),
    Case.NO_ACCOUNT: Said(MAIL_EN, "no account", DEVICES_EN),
    Case.NO_WORKSTATION: Said(MAIL_EN, "not sent", DEVICES_EN),
    Case.PROTECTED: Said(NOT_EN, "not sent", DEVICES_EN),
    Case.NOT_PLAIN_TEXT: Said(NOT_EN, "not sent", AGAIN_EN),
    Case.NOT_FOR_THIS_ENTRY: Said(NOT_EN, "failed", AGAIN_EN),
    Case.UNREADABLE: Said(NOT_EN, "failed", AGAIN_EN),
    Case.NOT_IN_FORCE: Said(
        "This password no longer opens your account", "not sent", "If you chose a more recent password"
    ),
    Case.SUPERSEDED: Said(
        "A more recent password has replaced this one", "replaced", "Use your most recent password"
    ),
    Case.LOST: Said("The directory no longer has this change of password", "to be checked", "Try the new password"),
    Case.UNKNOWN: Said("Password changed; the state of the workstation is not known", "unknown", DEVICES_EN),
}
SAID = {"fr": FRENCH, "en": ENGLISH}


@dataclass(frozen=True)
class Shown:
    """A result page as it was rendered."""

    source: str

    @property
    def text(self) -> str:
        return plain(self.source)

    @property
    def heading(self) -> str:
        [heading] = re.findall(r"<h1[^>]*>(.*?)</h1>", self.source, re.DOTALL)
        return plain(heading)

    @property
    def title(self) -> str:
        [title] = re.findall(r"<title>(.*?)</title>", self.source, re.DOTALL)
        return plain(title)

    @property
    def step(self) -> str:
        [step] = re.findall(r'<p class="next-step">(.*?)</p>', self.source, re.DOTALL)
        return plain(step)

    @property
    def badges(self) -> list[str]:
        """The state of mail first, then that of each target."""
        return [plain(badge) for badge in re.findall(r'<span class="badge">(.*?)</span>', self.source)]

    @property
    def main(self) -> str:
        return self.source.partition('id="resultat"')[2].partition("</main>")[0]

    @property
    def leads_to_change(self) -> bool:
        return LINK_TO_CHANGE in self.main


def plain(html: str) -> str:
    """The words of `html`, with blanks of all kinds as one space."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def states_of(cases: Sequence[Case]) -> tuple[DeliveryState, ...]:
    """What the directory holds of a change whose targets are in these states."""
    if Case.UNKNOWN in cases:
        raise DirectoryUnavailable("down")
    recorded = [
        pending(f"target{number}", CHANGE, NOW).to(status, at=NOW, reason=reason)
        for number, (status, reason) in ((n, RECORDED[case]) for n, case in enumerate(cases) if case in RECORDED)
    ]
    later = [pending("target0", "later", NOW + timedelta(minutes=5))] if Case.SUPERSEDED in cases else []
    return (*recorded, *later)


@pytest.fixture
def show(browser) -> Callable[..., Shown]:
    """Renders the result of a change whose targets are in these states."""

    def rendered(language: str, *cases: Case, outcome: str = "changed", was_expired: bool = False) -> Shown:
        names = [f"target{number}" for number in range(len(cases))]
        payload = {
            "outcome": outcome,
            "login": "fdurand4",
            "saved_at": NOW.timestamp(),
            "was_expired": was_expired,
            "propagation": {"uuid": "u", "change": CHANGE, "targets": names} if cases else None,
        }
        status = PropagationStatus(lambda uuid: states_of(cases), {}, "01 23 45 67 89")
        with browser.app.test_request_context("/resultat/AAAA", headers={"Accept-Language": language}):
            form = DisputeForm(formdata=None)
            shown = shown_of(payload, status)
            return Shown(render_template("pages/result.html", ticket="AAAA", dispute_form=form, **shown))

    return rendered


LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
CASES_ALONE = pytest.mark.parametrize("case", list(Case))
OUTCOMES = pytest.mark.parametrize("outcome", ["changed", "reset", "initial_restored"])
VALID_OLD = ("l’ancien y reste valable", "utilisez-y l’ancien", "old one stays valid there", "use the old")
OLD_IS_OUT = ("L’ancien ne fonctionne plus", "The old one no longer works")


def says(shown: Shown, phrases: Sequence[str]) -> bool:
    return any(phrase in shown.text for phrase in phrases)


def contradictions(shown: Shown, cases: Sequence[Case]) -> list[str]:
    """What a page says and denies at once."""
    mail, targets = shown.badges[0], shown.badges[1:]
    active, found = {"actif", "active"}, []
    if says(shown, OLD_IS_OUT) and says(shown, VALID_OLD):
        found.append("the old password is out and valid")
    if shown.heading in ("Mot de passe modifié", "Password changed") and not set(targets) <= active:
        found.append("the heading says changed, a workstation is not active")
    if any(case in (Case.SUPERSEDED, Case.NOT_IN_FORCE) for case in cases) and mail in active:
        found.append("mail is active with a password that was replaced")
    if re.search(r"rien à faire|nothing to do", shown.text):
        found.append("nothing to do, beside a next step")
    if re.search(r"(?:refusé|refused) (?:Refusé|Refused)", shown.text):
        found.append("refused twice")
    is_initial = shown.heading.startswith(("Mot de passe initial", "Initial password"))
    if set(cases) <= {Case.NO_ACCOUNT, Case.NO_WORKSTATION} and shown.leads_to_change and not is_initial:
        found.append("no account there, and a link to change the password")
    return found


class TestTable:
    def test_when_listed_then_every_reason_and_state_has_a_row(self):
        assert set(CASES) == set(Case)
        assert {str(reason) for reason in Reason} <= {str(case) for case in Case}
        assert set(RECORDED) | set(OF_THE_WHOLE_CHANGE) == set(Case)
        assert set(FRENCH) == set(ENGLISH) == set(Case)


class TestResult:
    @LANGUAGES
    @CASES_ALONE
    def test_when_the_workstation_is_in_this_state_then_heading_badge_and_next_step_say_it(
        self, show, language, case
    ):
        said = SAID[language][case]

        shown = show(language, case)

        assert shown.heading == said.heading
        assert shown.title.startswith(f"{said.heading} – ")
        assert shown.badges[1] == said.badge
        assert shown.step.startswith(said.step)

    @LANGUAGES
    @OUTCOMES
    @CASES_ALONE
    def test_when_one_target_is_in_this_state_then_nothing_contradicts_it(self, show, language, outcome, case):
        assert contradictions(show(language, case, outcome=outcome), [case]) == []

    @LANGUAGES
    @OUTCOMES
    def test_when_two_targets_are_in_different_states_then_nothing_contradicts_them(self, show, language, outcome):
        pairs = [
            pair
            for pair in combinations_with_replacement(Case, 2)
            if len({case in RECORDED for case in pair}) == 1 and (pair[0] in RECORDED or pair[0] is pair[1])
        ]

        found = {pair: contradictions(show(language, *pair, outcome=outcome), pair) for pair in pairs}

        assert len(pairs) > 150
        assert {pair: faults for pair, faults in found.items() if faults} == {}

    def test_when_there_is_no_workstation_then_mail_alone_is_spoken_of(self, show):
        shown = show("fr")

        assert shown.heading == "Mot de passe modifié"
        assert shown.badges == ["actif"]
        assert shown.step.startswith(DEVICES)
        assert "poste" not in plain(shown.main)

    @pytest.mark.parametrize(
        "cases, heading",
        [
            ((Case.DONE, Case.DONE), "Mot de passe modifié"),
            ((Case.DONE, Case.WAITING), "Mot de passe modifié, mais pas encore partout"),
            ((Case.WAITING, Case.TOO_SHORT), "Mot de passe modifié, mais pas partout"),
            ((Case.DONE, Case.NO_ACCOUNT), "Mot de passe modifié pour la messagerie et les applications"),
            ((Case.DONE, Case.LOST), "Mot de passe modifié, mais pas partout"),
        ],
    )
    def test_when_targets_differ_then_the_heading_is_true_for_all_of_them(self, show, cases, heading):
        assert show("fr", *cases).heading == heading

    def test_when_one_target_waits_and_one_refuses_then_another_password_comes_next(self, show):
        shown = show("fr", Case.UNREACHABLE, Case.IN_HISTORY)

        assert shown.step.startswith(ANOTHER)
        assert shown.badges == ["actif", "en attente", "refusé"]

    @pytest.mark.parametrize("case", [Case.NO_ACCOUNT, Case.TOO_YOUNG, Case.PROTECTED, Case.WAITING, Case.DONE])
    def test_when_another_change_would_not_help_then_no_link_leads_to_it(self, show, case):
        assert not show("fr", case).leads_to_change

    @pytest.mark.parametrize("case", [Case.IN_HISTORY, Case.EXPIRED, Case.UNREADABLE, Case.NOT_IN_FORCE])
    def test_when_another_change_helps_then_one_link_leads_to_it(self, show, case):
        assert show("fr", case).main.count(LINK_TO_CHANGE) == 1

    @pytest.mark.parametrize("case", [Case.WAITING, Case.UNREACHABLE, Case.HELD, Case.UNKNOWN])
    def test_when_the_state_can_change_then_the_page_can_be_refreshed(self, show, case):
        assert "Actualiser l’état" in show("fr", case).text

    @pytest.mark.parametrize("case", sorted(set(Case) - {Case.WAITING, Case.UNREACHABLE, Case.HELD, Case.UNKNOWN}))
    def test_when_the_state_is_final_then_no_link_refreshes_it(self, show, case):
        shown = show("fr", case)

        assert "Actualiser" not in shown.text
        assert "result.js" not in shown.source

    @pytest.mark.parametrize("case", [Case.SUPERSEDED, Case.NOT_IN_FORCE, Case.LOST, Case.UNKNOWN])
    def test_when_the_password_may_not_be_valid_then_no_account_is_said_to_work(self, show, case):
        shown = show("fr", case, outcome="reset", was_expired=True)

        assert "fonctionne de nouveau" not in shown.text
        assert "ne l’est plus" not in shown.text

    def test_when_the_old_one_had_expired_then_it_says_that_the_account_works_again(self, show):
        assert "avait expiré ; votre compte fonctionne de nouveau" in show("fr", was_expired=True).text

    def test_when_reset_then_it_says_that_a_lock_is_gone(self, show):
        assert "Si votre compte était bloqué, il ne l’est plus" in show("fr", outcome="reset").text


class TestInitialPassword:
    @CASES_ALONE
    def test_when_restored_then_the_heading_says_so_or_that_it_is_no_longer_valid(self, show, case):
        shown, alone = show("fr", case, outcome="initial_restored"), FRENCH[case]

        assert shown.heading == alone.heading.replace("Mot de passe modifié", "Mot de passe initial rétabli")

    @pytest.mark.parametrize("cases", [(), (Case.DONE,), (Case.WAITING,), (Case.TOO_SIMPLE,), (Case.NO_ACCOUNT,)])
    def test_when_restored_then_to_change_it_is_the_one_next_step(self, show, cases):
        shown = show("fr", *cases, outcome="initial_restored")

        assert shown.step.startswith("Modifiez maintenant ce mot de passe initial")
        assert shown.main.count(LINK_TO_CHANGE) == 1
        assert "Utilisez-le dès maintenant" not in shown.text


class TestApi:
    @LANGUAGES
    @CASES_ALONE
    def test_when_a_program_shows_the_sentence_alone_then_it_says_the_state_and_what_to_do(
        self, browser, language, case
    ):
        status = PropagationStatus(lambda uuid: states_of([case]), {}, "01 23 45 67 89")
        payload = {
            "saved_at": NOW.timestamp(),
            "propagation": {"uuid": "u", "change": CHANGE, "targets": ["target0"]},
        }

        with browser.app.test_request_context(headers={"Accept-Language": language}):
            [view] = status.views(payload)
            state, sentence = view.sentence, status.sentence(view)

        assert sentence.startswith(state)
        assert "%(" not in sentence
        step = SAID[language][case].step
        if step not in (DEVICES, DEVICES_EN):
            assert step in sentence
