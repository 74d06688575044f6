"""The pages that are only read: home, assistance, questions."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from gateway.web import content


def home() -> ResponseReturnValue:
    return render_template("pages/home.html", panel=content.text("home"))


def assistance() -> ResponseReturnValue:
    return render_template("pages/help.html", panel=content.text("help"))


def questions() -> ResponseReturnValue:
    return render_template("pages/questions.html", questions=content.text("faq"), panel=content.text("help"))


def privacy() -> ResponseReturnValue:
    return render_template("pages/text.html", title=_("Personal data"), text=content.text("privacy"))


def accessibility() -> ResponseReturnValue:
    return render_template("pages/text.html", title=_("Accessibility"), text=content.text("accessibility"))
