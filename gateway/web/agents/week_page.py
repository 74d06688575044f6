"""The helpdesk's page of the last days: how many found, changed, reset and failed, and why."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.services.week import Week, WeekService
from gateway.web.agents import session_cookie
from gateway.web.agents.forms import SignOutForm
from gateway.web.week_view import csv_download, week_view


@dataclass(frozen=True, slots=True)
class WeekPage:
    """Shows the figures as charts, as tables, and as a file."""

    service: WeekService

    def page(self) -> ResponseReturnValue:
        """Show the figures of the last seven days."""
        return render_template(
            "pages/agent_week.html",
            week=week_view(self._week()),
            csv_url=url_for("agents.week_file"),
            agent=session_cookie.present().login,
            sign_out=SignOutForm(formdata=None),
        )

    def file(self) -> ResponseReturnValue:
        """Return the same figures as CSV."""
        return csv_download(self._week())

    def _week(self) -> Week:
        try:
            return self.service.last()
        except StoreUnavailable:
            abort(503)
