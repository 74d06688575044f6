"""The CAPTCHA's pictures, sounds and work, and new challenges for the button that asks for another one."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from gateway.protection.captcha import Captcha
from gateway.protection.proof_of_work import ProofOfWork
from gateway.protection.speech import LANGUAGES, Speechless
from gateway.protection.store import StoreUnavailable
from gateway.protection.throttle import Attempt, Throttle
from gateway.web import origin

log = logging.getLogger(__name__)

FORMS = ("find", "reset", "change")


def captcha_pages(captcha: Captcha, work: ProofOfWork, throttle: Throttle) -> Blueprint:
    served = _CaptchaPages(captcha, work, throttle)
    pages = Blueprint("captcha", __name__, url_prefix="/captcha")
    pages.add_url_rule("/<challenge>.png", "picture", served.picture)
    pages.add_url_rule("/<challenge>.wav", "sound", served.sound)
    pages.add_url_rule("/new", "new", served.new)
    pages.add_url_rule("/work", "work_to_do", served.work_to_do)
    return pages


@dataclass(frozen=True, slots=True)
class _CaptchaPages:
    captcha: Captcha
    work: ProofOfWork
    throttle: Throttle

    def picture(self, challenge: str) -> ResponseReturnValue:
        drawn = self.captcha.picture(challenge)
        if drawn is None:
            abort(404)
        return Response(drawn, mimetype="image/png")

    def sound(self, challenge: str) -> ResponseReturnValue:
        """It takes a tenth of a second of processor time, so each address gets so many only."""
        language = request.args.get("lang", "fr")
        if language not in LANGUAGES or not self.captcha.is_open(challenge):
            abort(404)
        try:
            if wait := self.throttle.admit(Attempt("sound", origin.address())):
                return "", 429, {"Retry-After": str(wait.seconds)}
            return Response(self.captcha.sound(challenge, language), mimetype="audio/wav")
        except StoreUnavailable as error:
            log.error("sound: store unavailable: %s", error)
        except Speechless as error:
            log.error("espeak-ng: %s; is the package espeak-ng installed?", error)
        return "", 503

    def new(self) -> ResponseReturnValue:
        return {"challenge": self.captcha.challenge(_form())}

    def work_to_do(self) -> ResponseReturnValue:
        return self.work.challenge(_form())


def _form() -> str:
    form = request.args.get("form", "")
    if form not in FORMS:
        abort(404)
    return form
