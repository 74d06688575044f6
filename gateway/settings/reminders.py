"""Settings of reminders: who is reminded when, and by which account of the directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from gateway.settings.types import Dn, Link, Mail, Section, shaped

Days = Annotated[int, Field(ge=1, le=365)]


class Reminders(Section):
    """Mails of `mamia remind` before a password expires, and about initial passwords.

    Without `bind_dn` there are none. The mails need `notifications.spool`. mamia-remind.timer starts the command each
    morning.
    """

    bind_dn: Dn | None = None
    """DN of the reminders' own account in the directory, with the rights of ldif/49-reminders.ldif and no others."""
    bind_password_file: Annotated[Path | None, Field(validate_default=True)] = None
    """File with the password of `bind_dn`; its first line is read. Required with `bind_dn`."""
    days: list[Days] = [30, 14, 7, 1]
    """Days before a password expires by the person's own policy on which a mail is sent; the day of a late run counts
    for the days before it, so nobody gets two mails at once."""
    initial_after_days: Annotated[int, Field(ge=0, le=365)] = 7
    """Days after which somebody who still has an initial password is reminded, once; 0: never."""
    digest_to: Mail | Literal[""] = ""
    """Mail address of the helpdesk, which gets one digest a day: how many people were reminded, and who has no mail
    address."""
    per_minute: Annotated[int, Field(ge=1, le=6000)] = 120
    """Maximum number of people reminded per minute, so that neither the mail server nor the helpdesk is flooded."""

    @field_validator("bind_password_file")
    @classmethod
    def _needed(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if info.data.get("bind_dn") and file is None:
            raise ValueError("is missing, and reminders.bind_dn needs it")
        return file

    @property
    def is_on(self) -> bool:
        """Return whether the settings name the reminders' account."""
        return self.bind_dn is not None


class Charter(Section):
    """The acceptable use policy (*charte informatique*), which people accept with their first change or reset.

    Without `version` nobody is asked. A change by another LDAP client is never stopped.
    """

    version: Annotated[
        str, shaped(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})?", "a short version such as 2026-09, without blanks")
    ] = ""
    """Version of the text that is in force, such as "2026-09". Another value asks everybody again."""
    url: Annotated[Link, Field(validate_default=True)] = ""
    """Address of the text. Required with `version`."""

    @field_validator("url")
    @classmethod
    def _needed(cls, url: str, info: ValidationInfo) -> str:
        if info.data.get("version") and not url:
            raise ValueError("is missing, and charter.version needs it: people must be able to read the text")
        return url

    @property
    def is_on(self) -> bool:
        """Return whether people are asked."""
        return bool(self.version)
