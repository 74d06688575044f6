"""The CAPTCHA's pictures, sounds, tasks of proof of work, and new challenges for the button "another one"."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from gateway.protection.captcha.audio import LANGUAGES, AudioUnavailable
from gateway.protection.captcha.robot_check import RobotCheck
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.web import client_info
from gateway.web.forms import FORMS

log = logging.getLogger(__name__)


def captcha_pages(check: RobotCheck) -> Blueprint:
    """Return the routes below /captcha, for the methods of the settings only.

    A script must not choose a method that the academy switched off.
    """
    served = _CaptchaPages(check)
    pages = Blueprint("captcha", __name__, url_prefix="/captcha")
    if "picture" in check.settings.methods:
        pages.add_url_rule("/<challenge>.png", "picture", served.picture)
    if "sound" in check.settings.methods:
        pages.add_url_rule("/<challenge>.wav", "sound", served.sound)
    pages.add_url_rule("/new", "new", served.new)
    pages.add_url_rule("/work", "work", served.work, methods=["POST"])
    return pages


@dataclass(frozen=True, slots=True)
class _CaptchaPages:
    check: RobotCheck

    def picture(self, challenge: str) -> ResponseReturnValue:
        """Answer with a PNG, which takes 15 ms of processor time, so pictures are limited per address.

        404: the challenge is not open; 429: too many; 503: the rate limits cannot count.
        """
        if not self.check.captcha.is_open(challenge):
            abort(404)
        try:
            if wait := self.check.rate_limiter.hit(Attempt("picture", client_info.address())):
                return "", 429, {"Retry-After": str(wait.seconds)}
        except StoreUnavailable as error:
            log.error("picture: store unavailable: %s", error)
            return "", 503
        return Response(self.check.captcha.picture(challenge), mimetype="image/png")

    def sound(self, challenge: str) -> ResponseReturnValue:
        """Answer with a WAV file, which takes 0.1 s of processor time, so sounds are limited per address.

        `lang`: the spoken language, "fr" by default. 404: it is not offered, or the challenge is not open; 429: too
        many; 503: the rate limits cannot count, or espeak-ng fails.
        """
        language = request.args.get("lang", "fr")
        if language not in LANGUAGES or not self.check.captcha.is_open(challenge):
            abort(404)
        try:
            if wait := self.check.rate_limiter.hit(Attempt("sound", client_info.address())):
                return "", 429, {"Retry-After": str(wait.seconds)}
            return Response(self.check.captcha.sound(challenge, language), mimetype="audio/wav")
        except StoreUnavailable as error:
            log.error("sound: store unavailable: %s", error)
        except AudioUnavailable as error:
            log.error("espeak-ng: %s; is the package espeak-ng installed?", error)
        return "", 503

    def new(self) -> ResponseReturnValue:
        """Answer with a new challenge, as JSON, for the form that `form` names; 404 for an unknown form."""
        return {"challenge": self.check.captcha.challenge(_known(request.args.get("form", "")))}

    def work(self) -> ResponseReturnValue:
        """Answer with a task, as JSON, that is hard enough for the present content of the form.

        `task` is null if no work is required. The login or the name is in the body, never in the address, which
        proxies log.
        """
        form = FORMS[_known(request.form.get("form", ""))]
        attempt = Attempt(form.service, client_info.address(), **form.counted_early(request.form))
        if not self.check.is_required(attempt):
            return {"task": None}
        try:
            if wait := self.check.rate_limiter.admit_task(attempt.address):
                return "", 429, {"Retry-After": str(wait.seconds)}
            pressure = self.check.rate_limiter.pressure(attempt)
        except StoreUnavailable as error:
            log.error("proof of work: store unavailable: %s", error)
            return "", 503
        task = self.check.work.task(attempt.service, attempt.address, pressure)
        return {"task": task, "lifetime_seconds": self.check.work.lifetime_seconds}


def _known(form: str) -> str:
    return form if form in FORMS else abort(404)
