"""The pages without a form: home, assistance, questions, personal data, accessibility, legal notice.

They look at nothing of a request but its language and address, because each is kept for everybody.
"""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _

from gateway.web import content


def home() -> str:
    """Show the start page, which links to the services and to the help."""
    return render_template("pages/home.html", panel=content.text("home"))


def assistance() -> str:
    """Show how to reach the helpdesk, and when."""
    return render_template("pages/help.html", panel=content.text("help"))


def questions() -> str:
    """Show the frequent questions and their answers, from the text `faq`."""
    return render_template("pages/questions.html", questions=content.text("faq"), panel=content.text("help"))


def privacy() -> str:
    """Show which personal data the service processes, from the text `privacy`."""
    return render_template("pages/text.html", title=_("Personal data"), text=content.text("privacy"))


def accessibility() -> str:
    """Show the accessibility statement, from the text `accessibility`."""
    return render_template("pages/text.html", title=_("Accessibility statement"), text=content.text("accessibility"))


def legal_notice() -> str:
    """Show who publishes and hosts the site (article 1-1 of the LCEN), from the text `legal`."""
    return render_template("pages/text.html", title=_("Legal notice"), text=content.text("legal"))
