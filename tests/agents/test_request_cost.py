"""Agents' requests as large as they may be: their processor time grows no faster than their size."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote_plus

import pytest

from gateway.web.agents.forms import AgentPasskeyForm, AgentSignInForm, PersonForm, SearchForm, SignOutForm
from gateway.web.limits import MAX_REQUEST_BYTES
from gateway.web.sent_form import SentForm
from tests.support.agent_browser import PERSON, SEARCH, SIGN_IN, SIGN_OUT, AgentBrowser
from tests.support.cpu_growth import FILLS, assert_linear, filled
from tests.support.slapd_server import PASSWORD

URLENCODED = "application/x-www-form-urlencoded"
PATHS = {
    AgentSignInForm: SIGN_IN,
    AgentPasskeyForm: SIGN_IN,
    SearchForm: SEARCH,
    PersonForm: PERSON,
    SignOutForm: SIGN_OUT,
}
"""Where each form is sent to."""
TRIED = ("letters", "blanks", "no-break spaces", "combining marks", "ligatures", "control characters")
"""Fills that cost most; `tests/web/test_request_cost.py` tries all of them at the same kinds of fields."""
MEGABYTE = 1_000_000
RATES = ("per_login", "per_address", "per_service", "overall", "per_agent")
OpenGuichet = Callable[..., AgentBrowser]


@pytest.fixture
def agent(open_guichet: OpenGuichet) -> AgentBrowser:
    """Signed in, before rate limits that nobody meets."""
    guichet = open_guichet(rate_limits=dict.fromkeys(RATES, "1000000/minute"))
    guichet.sign_in()
    return guichet


def typed(agent: AgentBrowser, kind: type[SentForm]) -> dict[str, str]:
    """What fills in a form of this kind, as the page of a person sends it where it can."""
    page = agent.look("fdurand4")
    with agent.browser.app.test_request_context():
        names = [field.name for field in kind(formdata=None)]
    return {
        **dict.fromkeys(names, "Abc-1234"),
        **{name: value for name, value in page.fields.items() if name in names},
        **({"current_password": PASSWORD, "action": "unlock"} if kind is PersonForm else {}),
    }


def send(agent: AgentBrowser, path: str, body: str) -> int:
    """The status of the page that follows. The answer is read to its end, for a page is made while it is read."""
    client = agent.browser.client
    with client.post(path, data=body, content_type=URLENCODED, follow_redirects=True) as answer:
        assert answer.data is not None
        return answer.status_code


def encoded(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())


class TestForms:
    def test_when_there_is_a_new_one_then_it_is_among_those_that_are_tried(self) -> None:
        assert PATHS.keys() == {kind for kind in kinds_of(SentForm) if kind.__module__ == "gateway.web.agents.forms"}


class TestField:
    @pytest.mark.parametrize("kind", PATHS)
    def test_when_it_is_as_large_as_a_request_then_its_time_grows_no_faster(
        self, agent: AgentBrowser, kind: type[SentForm]
    ) -> None:
        fields = typed(agent, kind)
        for name in (*fields, "no_field_of_ours"):
            others = encoded({other: value for other, value in fields.items() if other not in (name, "leave")})
            for fill in TRIED:

                def work(size: int, name: str = name, unit: str = FILLS[fill], others: str = others) -> None:
                    body = f"{others}&{name}={filled(unit, size)}"
                    assert send(agent, PATHS[kind], body) in (200, 400, 413, 422)

                assert_linear(work, f"{name} of {fill}")

    @pytest.mark.parametrize("kind", PATHS)
    def test_when_it_has_a_megabyte_then_it_is_refused_before_it_is_read(
        self, agent: AgentBrowser, kind: type[SentForm]
    ) -> None:
        fields = typed(agent, kind)

        for name in fields:
            assert send(agent, PATHS[kind], f"{name}={filled('a', MEGABYTE)}") == 413
        assert MEGABYTE > MAX_REQUEST_BYTES


def kinds_of(form: type[SentForm]) -> list[type[SentForm]]:
    return [one for kind in form.__subclasses__() for one in (kind, *kinds_of(kind))]
