"""The Flask application: its configuration, routes, templates and error pages."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from flask import Flask, url_for
from flask.typing import RouteCallable
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined

from gateway.composition.web import Gateway
from gateway.settings import ResetMode, Settings
from gateway.web import messages
from gateway.web.access_log import init_access_log
from gateway.web.agents.routes import agent_pages
from gateway.web.allowed_hosts import init_allowed_hosts
from gateway.web.api.authentication import Clients
from gateway.web.api.routes import api_pages
from gateway.web.api.views import ApiViews
from gateway.web.assets import init_assets
from gateway.web.brand import init_branding
from gateway.web.client_info import init_proxy_fix
from gateway.web.health import health
from gateway.web.helpdesk import Helpdesk, helpdesk_pages
from gateway.web.kept_pages import KeptPages
from gateway.web.language import init_languages
from gateway.web.limits import init_head_limits, init_request_limits
from gateway.web.metrics_endpoint import METRICS, init_metrics
from gateway.web.overload import init_load_shedding
from gateway.web.own_templates import looking_at_requests
from gateway.web.page_state import PageStates
from gateway.web.pages import reading
from gateway.web.pages.captcha import captcha_pages
from gateway.web.pages.change import ChangePage
from gateway.web.pages.dispute import DisputePage
from gateway.web.pages.errors import ErrorPages, init_error_pages
from gateway.web.pages.find import FindPage
from gateway.web.pages.form_page import NEXT
from gateway.web.pages.recovery import RecoveryPage
from gateway.web.pages.reset import ResetOrCodePage, ResetPage
from gateway.web.pages.result import ResultPage
from gateway.web.pages.well_known import well_known_pages
from gateway.web.propagation_status import PropagationStatus
from gateway.web.request_id import init_request_ids
from gateway.web.security import init_security_headers
from gateway.web.sentences import Sentences
from gateway.web.site import Sessions, Site
from gateway.web.statement import init_statements
from gateway.web.typography import breakable, french

log = logging.getLogger(__name__)


def create_app(gateway: Gateway) -> Flask:
    """Return the WSGI application that serves pages, API, health and metrics, and start the work in the background.

    Call it in the process that serves, after the fork, because `gateway.start` starts threads. Hooks before a request
    run in the order of the `init_…` calls. The API has routes only if the settings name API clients.
    """
    settings = gateway.settings
    app = Site("gateway", template_folder=None, static_folder="web/static")
    app.session_interface = Sessions(app)
    app.config.update(
        SECRET_KEY=settings.web.keys[0],
        SECRET_KEY_FALLBACKS=settings.web.keys[1:],
        # itsdangerous signs with the last of several keys; Flask-WTF has no setting for fallback keys.
        WTF_CSRF_SECRET_KEY=settings.web.keys[::-1],
        # With this prefix browsers accept the cookie only from this host and over TLS (RFC 6265bis, 4.1.3.2).
        SESSION_COOKIE_NAME="__Host-mamia" if settings.web.secure_cookies else "mamia",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.web.secure_cookies,
        # All messages are ours; otherwise Flask-WTF reads WTForms' own catalogues again for each form.
        WTF_I18N_ENABLED=False,
    )
    _texts(app, settings)
    init_statements(app, settings)
    init_languages(app, settings.web.languages, settings.web.templates, secure_cookie=settings.web.secure_cookies)
    init_branding(app, settings.academy)
    init_assets(app)
    init_request_ids(app)
    # Prometheus sends the address that it reads from as Host, and can send no other one.
    init_allowed_hosts(app, settings.web.allowed_hosts, exempt=(METRICS,))
    init_request_limits(app)
    states = PageStates(gateway.protection.tickets, settings.web.secure_cookies)
    errors = ErrorPages(states)
    init_load_shedding(app, errors, settings.directory.max_queue_seconds)
    init_security_headers(app, settings.web.hsts_seconds)
    _routes(app, gateway, states, _kept_pages(app, settings.web.templates))
    helpdesk_pages(app, Helpdesk(settings))
    init_error_pages(app, errors)
    init_proxy_fix(app, settings.web)
    init_head_limits(app)
    init_metrics(app, gateway.metrics, settings.metrics.allowed_networks, gateway.update_metrics)
    if settings.web.access_log:
        init_access_log(app)
    gateway.start()
    return app


def create_mail_app(settings: Settings) -> Flask:
    """Return an application that renders mails and serves nothing, for commands that send some."""
    app = Flask("gateway", template_folder=None, static_folder=None)
    _texts(app, settings)
    init_languages(app, settings.web.languages, settings.web.templates, secure_cookie=settings.web.secure_cookies)
    helpdesk_pages(app, Helpdesk(settings))
    return app


def _routes(app: Flask, gateway: Gateway, states: PageStates, kept: KeptPages) -> None:
    settings, services = gateway.settings, gateway.services
    sentences = Sentences(settings, gateway.rules)
    status = PropagationStatus(
        gateway.directory.propagation.states, settings.workstation.targets, settings.support.phone
    )
    find = FindPage.as_view("find", sentences, states, services.robots, kept, services.find)
    reset_page = ResetOrCodePage if settings.gives_codes else ResetPage
    reset = reset_page.as_view(
        "reset", sentences, states, services.robots, kept, services.reset, services.second_factor, services.passkey
    )
    change = ChangePage.as_view("change", sentences, states, services.robots, kept, services.change)
    result = ResultPage(services.results, status)
    app.add_url_rule("/", "home", kept.view(reading.home))
    for path, view in (
        ("/retrouver-mon-compte", find),
        ("/reinitialiser-mon-mot-de-passe", reset),
        ("/modifier-mon-mot-de-passe", change),
    ):
        _form_page(app, path, view)
    if services.recovery:
        recovery = RecoveryPage.as_view("recovery", sentences, states, services.robots, kept, services.recovery)
        _form_page(app, "/mes-moyens-de-secours", recovery)
    app.add_url_rule("/resultat/<ticket>", "result", result.page)
    app.add_url_rule("/resultat/<ticket>/etat", "result_state", result.state)
    dispute = DisputePage(sentences, states, services.disputes)
    app.add_url_rule("/resultat/<ticket>/signaler", "dispute", dispute.post, methods=["POST"])
    app.add_url_rule("/assistance", "help", kept.view(reading.assistance))
    app.add_url_rule("/questions-frequentes", "faq", kept.view(reading.questions))
    app.add_url_rule("/donnees-personnelles", "privacy", kept.view(reading.privacy))
    app.add_url_rule("/accessibilite", "accessibility", kept.view(reading.accessibility))
    app.add_url_rule("/mentions-legales", "legal", kept.view(reading.legal_notice))
    if settings.api.clients:
        clients = Clients(settings.api, services.api_access)
        views = ApiViews(clients, services.find, services.change, services.results, status, sentences)
        app.register_blueprint(api_pages(views))
    if services.agents:
        app.register_blueprint(agent_pages(settings, services.agents, services.week, states, sentences))
    app.register_blueprint(captcha_pages(services.robots.check))
    app.register_blueprint(health(gateway.directory.people.check, gateway.readiness))
    app.register_blueprint(well_known_pages(settings))


def _kept_pages(app: Flask, folder: Path | None) -> KeptPages:
    """Return what renders a page once for everybody, unless one of the academy's templates looks at requests."""
    looking = next(looking_at_requests(app.jinja_env, folder), None) if folder else None
    if looking:
        log.info("pages are rendered anew for each request, because %s looks at it", looking)
    return KeptPages(is_on=looking is None)


def _form_page(app: Flask, path: str, view: RouteCallable) -> None:
    """Serve a page with a form at `path`, and what follows a sent form below it."""
    app.add_url_rule(path, view_func=view)
    app.add_url_rule(f"{path}/<any({NEXT}):step>", view_func=view, methods=["GET"])


def _texts(app: Flask, settings: Settings) -> None:
    """Set where templates come from, the academy's own first, and the names that all of them may use."""
    ours = PackageLoader("gateway.templates", "")
    folder = settings.web.templates
    loaders: list[BaseLoader] = [FileSystemLoader(folder), ours] if folder else [ours]
    app.jinja_loader = ChoiceLoader(loaders)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    app.jinja_env.filters["breakable"] = breakable
    app.jinja_env.globals.update(
        academy=settings.academy,
        # Each page shows the number: it is typeset here, once.
        support=settings.support.model_copy(update={"phone": french(settings.support.phone)}),
        policy=settings.password,
        charter=settings.charter,
        lockout=settings.lockout,
        lockout_in_words=partial(messages.lockout_in_words, settings.lockout),
        restores_at_once=settings.reset.mode is ResetMode.INITIAL,
        gives_codes=settings.gives_codes,
        ticket_minutes=settings.reset.ticket_minutes,
        captcha_methods=settings.captcha.methods,
        agent_minutes=settings.helpdesk.idle_minutes,
        has_week=settings.events.is_on,
        agent_hours=settings.helpdesk.max_hours,
        offers_recovery=settings.recovery.is_on,
        recovery_offered=settings.recovery.methods,
        recovery_rests=settings.recovery.rest_hours > 0,
        passkey_origin=settings.recovery.origin,
        recovery_kinds=messages.KINDS,
        workstation=bool(settings.workstation.targets),
        url=url_for,
    )
