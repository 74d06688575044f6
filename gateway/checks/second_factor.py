"""Check that the code of the second factor goes where a forgotten password is not needed."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.checks.finding import Finding, fail
from gateway.settings import Settings


def check_second_factor(settings: Settings) -> Iterator[Finding]:
    """Yield a finding if codes go to the professional mailbox."""
    people = settings.people
    private, professional = (people.private_mail or "").lower(), people.mail.lower()
    if "mail" not in settings.second_factor.methods or private != professional:
        return
    text = (
        f"people.private_mail is {people.mail}, the professional address: who forgot the password cannot open that "
        "mailbox to read the code"
    )
    hint = 'people.private_mail = "privateMail", or your attribute of a private address; or methods without "mail"'
    yield fail("second_factor.methods", text, hint)
