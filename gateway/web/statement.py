"""The accessibility statement: which state of compliance follows from the audits, and the words of the footer.

The law (decree 2019-768, and the format of the statement in RGAA 4.1) knows three states. A site without a valid
audit is not compliant, whatever the self-audit of its software says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import gettext as _

from gateway.settings import Accessibility, Settings
from gateway.web.content import FALLBACK
from gateway.web.language import current
from gateway.web.personal_data import kept_data, recipients
from gateway.web.rgaa import Criterion, SelfAudit, self_audit

PARTIAL_PERCENT = 50
"""Percentage of the criteria from which on a site is partially compliant."""


class Compliance(StrEnum):
    """The three states of the law."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


def compliance(accessibility: Accessibility, today: date) -> Compliance:
    """Return the state of compliance: NONE without a valid audit."""
    percent = accessibility.percent or 0
    if not accessibility.has_valid_audit(today) or percent < PARTIAL_PERCENT:
        return Compliance.NONE
    return Compliance.FULL if percent == 100 else Compliance.PARTIAL


@dataclass(frozen=True, slots=True)
class Statement:
    """What the page `accessibility` and the footer tell, in the page's language."""

    settings: Accessibility
    zone: ZoneInfo
    self_audit: SelfAudit

    @property
    def compliance(self) -> Compliance:
        """The state of this day."""
        return compliance(self.settings, self._today())

    @property
    def in_footer(self) -> str:
        """The words that the law asks for on every page."""
        words = {
            Compliance.NONE: _("Accessibility: not compliant"),
            Compliance.PARTIAL: _("Accessibility: partially compliant"),
            Compliance.FULL: _("Accessibility: fully compliant"),
        }
        return str(words[self.compliance])

    @property
    def has_valid_audit(self) -> bool:
        """Whether an audit counts today."""
        return self.settings.has_valid_audit(self._today())

    @property
    def audited_on(self) -> str:
        """Day of the audit, "" without one."""
        return _day(self.settings.audited_on) if self.settings.audited_on else ""

    @property
    def percent(self) -> str:
        """Percentage of the audit, as a number of the page's language."""
        return str(format_decimal(self.settings.percent or 0, locale=current()))

    @property
    def checked_on(self) -> str:
        """Day of the self-audit."""
        return _day(self.self_audit.checked_on)

    @property
    def missing(self) -> Sequence[tuple[Criterion, str]]:
        """The criteria that the self-audit calls not met, each with what is missing, in words."""
        return [
            (one, one.missing.get(current()) or one.missing[FALLBACK])
            for one in self.self_audit.not_met
            if one.missing
        ]

    def _today(self) -> date:
        return datetime.now(self.zone).date()


def init_statements(app: Flask, settings: Settings) -> None:
    """Give templates `legal`, `accessibility`, `statement`, and the lists `kept_data()` and `recipients()`."""
    app.jinja_env.globals.update(
        legal=settings.legal,
        accessibility=settings.accessibility,
        statement=Statement(settings.accessibility, ZoneInfo(settings.academy.timezone), self_audit()),
        kept_data=lambda: list(kept_data(settings)),
        recipients=lambda: list(recipients(settings)),
    )


def _day(day: date) -> str:
    return str(format_date(day, format="d MMMM y", locale=current()))
