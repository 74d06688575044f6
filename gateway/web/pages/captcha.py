"""The CAPTCHA's pictures, sounds, tasks of proof of work, and new challenges for the button "another one"."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from gateway.protection.captcha.audio import LANGUAGES, AudioUnavailable
from gateway.protection.captcha.challenge import SoundFormat
from gateway.protection.captcha.robot_check import RobotCheck
from gateway.protection.rate_limiting.limiter import Attempt, RetryAfter
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.web import client_info
from gateway.web.byte_ranges import answer_with_ranges
from gateway.web.forms import FORMS

log = logging.getLogger(__name__)

MEDIA_TYPES = {SoundFormat.MP3: "audio/mpeg", SoundFormat.WAV: "audio/wav"}


def captcha_pages(check: RobotCheck) -> Blueprint:
    """Return the routes below /captcha, for the methods of the settings only.

    A script must not choose a method that the academy switched off.
    """
    served = _CaptchaPages(check)
    pages = Blueprint("captcha", __name__, url_prefix="/captcha")
    if "picture" in check.settings.methods:
        pages.add_url_rule("/<challenge>.png", "picture", served.picture)
    if "sound" in check.settings.methods:
        pages.add_url_rule("/<challenge>.<any(mp3, wav):ending>", "sound", served.sound)
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

    def sound(self, challenge: str, ending: str) -> ResponseReturnValue:
        """Answer with an MP3 or WAV file, or the part of it that a player asks for.

        It takes 0.06 s of processor time, so the sounds that are rendered are limited per address; further parts of a
        sound are not counted. `lang`: the spoken language, "fr" by default. 404: it is not offered, or the challenge
        is not open; 429: too many; 503: the rate limits cannot count, or espeak-ng fails.
        """
        language, sound_format = request.args.get("lang", "fr"), SoundFormat(ending)
        if language not in LANGUAGES:
            abort(404)
        attempt = Attempt("sound", client_info.address())
        try:
            sound = self.check.captcha.sound(
                challenge, language, sound_format, lambda: self.check.rate_limiter.hit(attempt)
            )
        except StoreUnavailable as error:
            log.error("sound: store unavailable: %s", error)
            return "", 503
        except AudioUnavailable as error:
            log.error("espeak-ng: %s; is the package espeak-ng installed?", error)
            return "", 503
        if isinstance(sound, RetryAfter):
            return "", 429, {"Retry-After": str(sound.seconds)}
        return answer_with_ranges(sound, MEDIA_TYPES[sound_format]) if sound is not None else abort(404)

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
