"""The CAPTCHA's pictures, sounds and work, and new challenges for the button that asks for another one."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from gateway.protection.captcha import Captcha
from gateway.protection.proof_of_work import ProofOfWork
from gateway.protection.speech import LANGUAGES, Speechless

log = logging.getLogger(__name__)

FORMS = ("find", "reset", "change")


def captcha_pages(captcha: Captcha, work: ProofOfWork) -> Blueprint:
    pages = Blueprint("captcha", __name__, url_prefix="/captcha")

    @pages.get("/<challenge>.png")
    def picture(challenge: str) -> ResponseReturnValue:
        drawn = captcha.picture(challenge)
        if drawn is None:
            abort(404)
        return Response(drawn, mimetype="image/png")

    @pages.get("/<challenge>.wav")
    def sound(challenge: str) -> ResponseReturnValue:
        spoken = _spoken(captcha, challenge, request.args.get("lang", "fr"))
        if spoken is None:
            abort(404)
        return Response(spoken, mimetype="audio/wav")

    @pages.get("/new")
    def new() -> ResponseReturnValue:
        return {"challenge": captcha.challenge(_form())}

    @pages.get("/work")
    def work_to_do() -> ResponseReturnValue:
        return work.challenge(_form())

    return pages


def _spoken(captcha: Captcha, challenge: str, language: str) -> bytes | None:
    try:
        return captcha.sound(challenge, language) if language in LANGUAGES else None
    except Speechless as error:
        log.error("espeak-ng: %s; is the package espeak-ng installed?", error)
        abort(503)


def _form() -> str:
    form = request.args.get("form", "")
    if form not in FORMS:
        abort(404)
    return form
