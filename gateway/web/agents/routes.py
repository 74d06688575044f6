"""The addresses of the helpdesk's pages, and what each request needs: a network, and a session."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from gateway.protection.rate_limiting.addresses import is_within
from gateway.services.caller import EntryPoint
from gateway.services.outcomes import Outage
from gateway.services.services import AgentServices
from gateway.services.week import WeekService
from gateway.settings import Settings
from gateway.web import client_info
from gateway.web.agents import session_cookie
from gateway.web.agents.forms import SignOutForm
from gateway.web.agents.person_page import PersonPage
from gateway.web.agents.person_view import PersonViews
from gateway.web.agents.search_page import SearchPage
from gateway.web.agents.session_cookie import PATH, SessionCookie
from gateway.web.agents.sign_in_page import ENDED, SignInPage
from gateway.web.agents.week_page import WeekPage
from gateway.web.page_state import PageStates
from gateway.web.pages.form_page import NEXT
from gateway.web.sentences import Sentences

NAME = "agents"
SIGN_IN = f"{NAME}.sign_in"
"""The one endpoint that needs no session."""


def agent_pages(
    settings: Settings,
    services: AgentServices,
    week: WeekService | None,
    states: PageStates,
    sentences: Sentences,
) -> Blueprint:
    """Return the pages below `PATH`, that of the week only where events are kept.

    From an address outside `helpdesk.networks` they do not exist (404).
    """
    pages = Blueprint(NAME, __name__, url_prefix=PATH)
    cookie = SessionCookie(services.sessions, settings.web.secure_cookies)
    views = PersonViews(ZoneInfo(settings.academy.timezone), settings.workstation.targets, settings.recovery.rest)
    _guard(pages, settings, cookie)
    for path, view in (
        ("/connexion", SignInPage.as_view("sign_in", sentences, states, services)),
        ("/recherche", SearchPage.as_view("search", sentences, states, services.people)),
        ("/personne", PersonPage.as_view("person", sentences, states, services, views)),
    ):
        pages.add_url_rule(path, view_func=view)
        pages.add_url_rule(f"{path}/<any({NEXT}):step>", view_func=view, methods=["GET"])
    if week:
        page = WeekPage(week)
        pages.add_url_rule("/semaine", "week", page.page)
        pages.add_url_rule("/semaine.csv", "week_file", page.file)
    pages.add_url_rule("", "home", lambda: redirect(url_for(f"{NAME}.search"), 303))
    pages.add_url_rule("/sortie", "sign_out", _sign_out(services), methods=["POST"])
    return pages


def _guard(pages: Blueprint, settings: Settings, cookie: SessionCookie) -> None:
    @pages.before_app_request
    def require_network() -> None:
        """Look at the network before anything else: a wrong method, too, says nothing elsewhere (404)."""
        is_page = request.path == PATH or request.path.startswith(f"{PATH}/")
        if is_page and not is_within(client_info.address(), settings.helpdesk.networks):
            abort(404)

    @pages.before_request
    def require_session() -> ResponseReturnValue | None:
        """Look at the session of every request, before a page sees it."""
        try:
            session = cookie.read()
        except Outage:
            # The log and the audit have the reason. Nobody is let in while it is not known who it is.
            abort(503)
        if session:
            session_cookie.begin(session)
            return None
        session_cookie.drop()
        if request.endpoint != SIGN_IN:
            return redirect(_to_sign_in(had_session=cookie.name in request.cookies), 303)
        return None

    @pages.after_request
    def send_cookie(response: Response) -> Response:
        return cookie.send(response)


def _to_sign_in(*, had_session: bool) -> str:
    return url_for(SIGN_IN) + (f"?{ENDED}" if had_session else "")


def _sign_out(services: AgentServices) -> Callable[[], ResponseReturnValue]:
    def sign_out() -> ResponseReturnValue:
        """End the session and every copy of its cookie."""
        if SignOutForm(request.form).validate():
            try:
                services.sessions.end(session_cookie.present(), client_info.caller(EntryPoint.PAGE))
            except Outage:
                abort(503)
            session_cookie.drop()
        return redirect(url_for(SIGN_IN), 303)

    return sign_out
