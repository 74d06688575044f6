"""Settings of what the law asks a public site to say: its publisher, its host, and its accessibility."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from gateway.settings.types import Link, Section

AUDIT_YEARS = 3
"""Years for which an audit, and the statement that rests on it, are valid."""


class Legal(Section):
    """Who publishes and hosts the site, for the pages "Mentions légales" and "Données personnelles".

    Article 1-1 of the French law 2004-575 (LCEN) and article 13 of the GDPR ask for it. `mamia check` names what is
    missing.
    """

    publisher: str = ""
    """Who publishes the site, such as "Rectorat de l’académie de Lyon"; empty: `academy.name`."""
    address: str = ""
    """Postal address of the publisher, in one line."""
    phone: str = ""
    """Phone number of the publisher; empty: `support.phone`."""
    director: str = ""
    """Name and function of the director of publication. Empty: the page names the publisher's legal representative,
    without a name."""
    host: str = ""
    """Who hosts the site: the publisher itself, or another organisation."""
    host_address: str = ""
    """Postal address of the host, in one line."""
    host_phone: str = ""
    """Phone number of the host."""
    data_controller: str = ""
    """Who is responsible for the personal data (GDPR, article 4), such as "le recteur de l’académie de Lyon"; empty:
    the publisher."""


class Accessibility(Section):
    """The accessibility statement (article 47 of the French law 2005-102): the audit, and the academy's plans.

    The state of compliance, also in the footer, follows from these facts. Without an audit of the last three years
    the law counts a site as not compliant; from 50 % of the criteria on it is partially compliant, and fully with
    100 %.
    """

    audited_on: date | None = None
    """Day of the last audit by RGAA 4.1, such as 2026-09-30. It needs `audited_by` and `percent`."""
    audited_by: Annotated[str, Field(validate_default=True)] = ""
    """Who made the audit: a company, or a service of the academy."""
    percent: Annotated[float | None, Field(ge=0, le=100, validate_default=True)] = None
    """Percentage of the criteria that were met in that audit."""
    report_url: Link = ""
    """Address of the report or grid of that audit."""
    plan_url: Link = ""
    """Address of the academy's plan for accessibility over several years ("schéma pluriannuel")."""
    actions_url: Link = ""
    """Address of this year's plan of action."""

    @field_validator("audited_by", "percent")
    @classmethod
    def _belongs_to_an_audit(cls, value: object, info: ValidationInfo) -> object:
        is_audited, is_given = info.data.get("audited_on") is not None, value not in ("", None)
        if is_audited and not is_given:
            raise ValueError("is missing, and audited_on needs it")
        if is_given and not is_audited:
            raise ValueError("needs audited_on, the day of the audit")
        return value

    def has_valid_audit(self, today: date) -> bool:
        """Return whether an audit counts on that day."""
        audited_on = self.audited_on
        if audited_on is None:
            return False
        ends = (audited_on.year + AUDIT_YEARS, audited_on.month, audited_on.day)
        return (today.year, today.month, today.day) < ends
