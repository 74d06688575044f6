"""The Flask application: routes, texts, error pages."""

from __future__ import annotations

import logging
import traceback
from functools import partial

from flask import Flask, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from gateway.composition.web import Gateway
from gateway.protection.robot_check import RobotCheck
from gateway.settings import Settings
from gateway.web import wording
from gateway.web.access_log import log_requests
from gateway.web.api.operations import api_pages
from gateway.web.api.problems import of_http
from gateway.web.api.services import ApiServices
from gateway.web.assets import keep_assets
from gateway.web.brand import show_brand
from gateway.web.health import health
from gateway.web.helpdesk import Helpdesk, helpdesk_pages
from gateway.web.hosts import accept_hosts
from gateway.web.language import speak
from gateway.web.limits import limit_heads, limit_requests
from gateway.web.origin import stand_behind_proxies
from gateway.web.overload import shed_late_requests
from gateway.web.pages import reading
from gateway.web.pages.captcha import captcha_pages
from gateway.web.pages.change import ChangePage
from gateway.web.pages.find import FindPage
from gateway.web.pages.reset import ResetPage
from gateway.web.pages.result import ResultPage
from gateway.web.pages.well_known import well_known_pages
from gateway.web.request_id import number_requests
from gateway.web.security import protect
from gateway.web.watch import watch

log = logging.getLogger(__name__)

API = "/api/"


def create_app(gateway: Gateway) -> Flask:
    settings = gateway.desk.settings
    app = Flask("gateway", template_folder=None, static_folder="web/static")
    app.config.update(
        SECRET_KEY=settings.web.keys[0],
        SECRET_KEY_FALLBACKS=settings.web.keys[1:],
        # itsdangerous signs with the last of several keys; Flask-WTF knows no fallbacks of its own.
        WTF_CSRF_SECRET_KEY=settings.web.keys[::-1],
        # The prefix makes browsers take the cookie from this very host alone, over TLS (RFC 6265bis, 4.1.3.2).
        SESSION_COOKIE_NAME="__Host-mamia" if settings.web.secure_cookies else "mamia",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.web.secure_cookies,
        # All messages are ours; it would read WTForms' own catalogues anew for each form.
        WTF_I18N_ENABLED=False,
    )
    _texts(app, settings)
    speak(app, settings.web.languages, settings.web.templates, secure_cookie=settings.web.secure_cookies)
    show_brand(app, settings.academy)
    keep_assets(app)
    number_requests(app)
    accept_hosts(app, settings.web.hosts)
    limit_requests(app)
    shed_late_requests(app, settings.directory.max_queue_seconds)
    protect(app, settings.web.hsts_seconds)
    _routes(app, gateway)
    helpdesk_pages(app, Helpdesk(settings))
    _error_pages(app)
    stand_behind_proxies(app, settings.web)
    limit_heads(app)
    watch(app, gateway.metrics, settings.metrics.allowed, gateway.update_metrics)
    if settings.web.access_log:
        log_requests(app)
    gateway.start()
    return app


def _routes(app: Flask, gateway: Gateway) -> None:
    desk = gateway.desk
    app.add_url_rule("/", "home", reading.home)
    app.add_url_rule("/retrouver-mon-compte", view_func=FindPage.as_view("find", desk, gateway.find))
    app.add_url_rule("/reinitialiser-mon-mot-de-passe", view_func=ResetPage.as_view("reset", desk, gateway.reset))
    app.add_url_rule("/modifier-mon-mot-de-passe", view_func=ChangePage.as_view("change", desk, gateway.change))
    result = ResultPage(desk, gateway.progress)
    app.add_url_rule("/resultat/<ticket>", "result", result.page)
    app.add_url_rule("/resultat/<ticket>/etat", "result_state", result.state)
    app.add_url_rule("/assistance", "help", reading.assistance)
    app.add_url_rule("/questions-frequentes", "faq", reading.questions)
    app.add_url_rule("/donnees-personnelles", "privacy", reading.privacy)
    app.add_url_rule("/accessibilite", "accessibility", reading.accessibility)
    if desk.settings.api.clients:
        app.register_blueprint(api_pages(ApiServices(desk, gateway.find, gateway.change, gateway.progress)))
    app.register_blueprint(captcha_pages(RobotCheck(desk.settings.captcha, desk.captcha, desk.work, desk.throttle)))
    app.register_blueprint(health(gateway.ask_directory, gateway.checks))
    app.register_blueprint(well_known_pages(desk.settings))


def _texts(app: Flask, settings: Settings) -> None:
    """Templates, the academy's own first, and the names that all of them may use."""
    ours = PackageLoader("gateway.templates", "")
    folder = settings.web.templates
    loaders: list[BaseLoader] = [FileSystemLoader(folder), ours] if folder else [ours]
    app.jinja_loader = ChoiceLoader(loaders)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    app.jinja_env.globals.update(
        academy=settings.academy,
        support=settings.support,
        policy=settings.password,
        lockout=settings.lockout,
        lockout_in_words=partial(wording.lockout_in_words, settings.lockout),
        ticket_minutes=settings.reset.ticket_minutes,
        captcha_ways=settings.captcha.ways,
        workstation=bool(settings.workstation.targets),
        url=url_for,
    )


def _error_pages(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if request.path.startswith(API):
            return of_http(error).answer()
        if isinstance(error, SecurityError):
            # Another host's name: a page with links would lead there.
            return str(wording.FOREIGN_HOST), 400, {"Content-Type": "text/plain; charset=utf-8"}
        code = error.code or 500
        page = render_template("pages/error.html", code=code if code in (400, 404, 405, 413) else 500)
        return page, code, [(name, value) for name, value in error.get_headers() if name == "Allow"]

    @app.errorhandler(Exception)
    def fault(error: Exception) -> ResponseReturnValue:
        # The traceback names lines, not values; the exception's own text might hold what a person typed.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s\n%s", type(error).__name__, where)
        return http_error(InternalServerError())
