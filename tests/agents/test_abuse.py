"""What is brought to the helpdesk's pages in bad faith, or at a bad moment."""

from __future__ import annotations

import pytest

from gateway.directory.account_status import LdapAccounts
from gateway.directory.helpdesk_accounts import LdapHelpdeskAccounts
from gateway.directory.reset_codes import LdapResetCodes
from gateway.web import overload
from tests.support.agent_browser import AGENT, PERSON, REASON, SEARCH, SIGN_IN, SIGN_OUT

WEEK = "/guichet/semaine"
HOURS = 3600.0


@pytest.fixture
def kept(open_guichet):
    """A helpdesk with the page of the week; its agent is signed in."""
    guichet = open_guichet(events={"keep_days": 30})
    guichet.sign_in()
    return guichet


@pytest.fixture
def stop_before(academy, monkeypatch):
    """Kills the directory when everything is checked, just before one write."""

    def stop(part, name):
        write = getattr(part, name)

        def killed(*arguments, **more):
            academy.kill()
            return write(*arguments, **more)

        monkeypatch.setattr(part, name, killed)

    return stop


class TestHeaders:
    @pytest.mark.parametrize(
        "path", [SIGN_IN, SEARCH, PERSON, f"{PERSON}/suite", WEEK, f"{WEEK}.csv", SIGN_OUT, "/guichet"]
    )
    def test_when_a_page_is_asked_for_then_nobody_keeps_a_copy_or_frames_it(self, kept, path):
        kept.look("fdurand4")

        headers = kept.browser.client.get(path).headers

        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


class TestForeignAddress:
    @pytest.mark.parametrize(
        "query", ["next=https://exemple.org", "suite=//exemple.org", "result=https://exemple.org"]
    )
    def test_when_a_link_names_another_site_then_the_sign_in_does_not_lead_there(self, guichet, query):
        guichet.browser.open(f"{SIGN_IN}?{query}")

        assert guichet.sign_in().path == SEARCH

    @pytest.mark.parametrize(
        "path", ["/guichet//exemple.org", "/guichet/%2F%2Fexemple.org", "/guichet/https:exemple.org"]
    )
    def test_when_the_path_names_another_site_then_no_redirect_leads_there(self, signed_in, path):
        answer = signed_in.browser.client.get(path)

        assert answer.status_code in (303, 308, 404)
        assert not answer.headers.get("Location", "").startswith(("//", "https:"))


class TestToken:
    @pytest.mark.parametrize("path", [SIGN_IN, SEARCH, PERSON])
    def test_when_the_token_of_the_form_is_missing_then_the_page_is_shown_anew(self, signed_in, path, academy):
        page = signed_in.look("fdurand4")
        fields = {**page.fields, "action": "force_change", "current_password": "x", "searched": "Durand"}
        fields.pop("csrf_token")

        answer = signed_in.browser.post(path, {**fields, "login": AGENT, "reason": REASON})

        assert answer.status == 400
        assert "pwdReset" not in academy.read("fdurand4")


class TestLimits:
    @pytest.mark.parametrize("path", [SIGN_IN, SEARCH, PERSON, SIGN_OUT])
    def test_when_the_form_is_too_large_then_it_is_refused(self, signed_in, path):
        answer = signed_in.browser.client.post(path, data={"searched": "x" * 300_000}, follow_redirects=True)

        assert answer.status_code == 413

    @pytest.mark.parametrize("name", ["searched", "reason", "person"])
    def test_when_a_field_is_too_long_then_it_is_refused_beside_the_field(self, signed_in, name):
        typed = {"searched": "fdurand4", "reason": REASON, name: "x" * 10_000}

        assert signed_in.browser.fill_in(SEARCH, **typed).status == 422

    def test_when_a_form_has_waited_too_long_then_a_page_leads_back_to_it(self, signed_in):
        page = signed_in.browser.open(SEARCH)
        queued = overload.queued_seconds.set(HOURS)
        try:
            busy = signed_in.browser.send(SEARCH, page, searched="fdurand4", reason=REASON)
        finally:
            overload.queued_seconds.reset(queued)

        assert busy.status == 503
        assert f'href="{SEARCH}"' in busy.source


class TestErrors:
    def test_when_there_is_no_such_page_then_the_answer_is_a_page(self, signed_in):
        page = signed_in.browser.open("/guichet/nowhere")

        assert page.status == 404
        assert "<h1" in page.source


class TestOutage:
    @pytest.mark.parametrize(
        ("action", "part", "name"),
        [
            ("unlock", LdapHelpdeskAccounts, "unlock"),
            ("force_change", LdapAccounts, "force_change"),
            ("give_code", LdapResetCodes, "give"),
        ],
    )
    def test_when_the_directory_goes_down_between_check_and_write_then_nothing_is_done_and_nobody_is_told(
        self, signed_in, academy, mail_server, stop_before, action, part, name
    ):
        academy.lock("fdurand4")
        page, before = signed_in.look("fdurand4"), academy.read("fdurand4")
        stop_before(part, name)

        after = signed_in.act(page, action)

        assert after.status == 503
        assert "Code pour" not in after.main
        academy.slapd.start()
        assert academy.read("fdurand4") == before
        assert not [mail for mail in mail_server.mails if mail["To"] == "francois@exemple.org"]


class TestFourEyes:
    @pytest.mark.parametrize("typed", [AGENT.upper(), f" {AGENT} ", f"{AGENT}@ac-example.fr"])
    def test_when_an_agent_approves_alone_under_another_spelling_then_there_is_no_code(
        self, open_guichet, academy, typed
    ):
        academy.set("fdurand4", "departmentNumber", "direction")
        guichet = open_guichet(helpdesk={"four_eyes_filter": "(departmentNumber=direction)"})
        guichet.sign_in()
        page = guichet.act(guichet.look("fdurand4"), "give_code")
        page.fields["requested_by"] = typed

        assert guichet.act(page, "approve_code").status == 422
        page.fields["requested_by"] = ""
        assert "Code pour" not in guichet.act(page, "give_code").main
