"""The pages without a form: home, assistance, questions, personal data, accessibility, legal notice."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from gateway.web import content


def home() -> ResponseReturnValue:
    """Show the start page, which links to the services and to the help."""
    return render_template("pages/home.html", panel=content.text("home"))


def assistance() -> ResponseReturnValue:
    """Show how to reach the helpdesk, and when."""
    return render_template("pages/help.html", panel=content.text("help"))


def questions() -> ResponseReturnValue:
    """Show the frequent questions and their answers, from the text `faq`."""
    return render_template("pages/questions.html", questions=content.text("faq"), panel=content.text("help"))


def privacy() -> ResponseReturnValue:
    """Show which personal data the service processes, from the text `privacy`."""
    return render_template("pages/text.html", title=_("Personal data"), text=content.text("privacy"))


def accessibility() -> ResponseReturnValue:
    """Show the accessibility statement, from the text `accessibility`."""
    return render_template("pages/text.html", title=_("Accessibility statement"), text=content.text("accessibility"))


def legal_notice() -> ResponseReturnValue:
    """Show who publishes and hosts the site (article 1-1 of the LCEN), from the text `legal`."""
    return render_template("pages/text.html", title=_("Legal notice"), text=content.text("legal"))
