"""The pages that are only read: home, assistance, questions."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.web import content


def home() -> ResponseReturnValue:
    return render_template("pages/home.html", panel=content.text("home"))


def assistance() -> ResponseReturnValue:
    return render_template("pages/help.html", panel=content.text("help"))


def questions() -> ResponseReturnValue:
    return render_template("pages/questions.html", questions=content.questions(), panel=content.text("help"))


def privacy() -> ResponseReturnValue:
    return render_template("pages/text.html", title="Données personnelles", text=content.text("privacy"))


def accessibility() -> ResponseReturnValue:
    return render_template("pages/text.html", title="Accessibilité", text=content.text("accessibility"))
