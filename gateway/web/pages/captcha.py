"""The CAPTCHA's pictures, and new challenges for the button that asks for another one."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from gateway.protection.captcha import Captcha

FORMS = ("find", "reset", "change")


def captcha_pages(captcha: Captcha) -> Blueprint:
    pages = Blueprint("captcha", __name__, url_prefix="/captcha")

    @pages.get("/<challenge>.png")
    def picture(challenge: str) -> ResponseReturnValue:
        drawn = captcha.picture(challenge)
        if drawn is None:
            abort(404)
        return Response(drawn, mimetype="image/png")

    @pages.get("/new")
    def new() -> ResponseReturnValue:
        form = request.args.get("form", "")
        if form not in FORMS:
            abort(404)
        return {"challenge": captcha.challenge(form)}

    return pages
