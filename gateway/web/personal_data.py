"""What happens to personal data, in words of the page's language: how long what is kept, and who receives it.

The page about personal data shows these lists. They come from the settings that decide it, so that what people read
and what is configured cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from babel.units import format_unit
from flask_babel import gettext as _
from limits import parse_many

from gateway.services.results import RESULT_SECONDS
from gateway.settings import RateLimits, Settings
from gateway.settings.protection import Rates
from gateway.web.language import A_YEAR_SECONDS, current
from gateway.web.page_state import LIFETIME_SECONDS

UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data that the service keeps, and how long; both in the page's language."""

    what: str
    duration: str


def kept_data(settings: Settings) -> Iterator[Kept]:
    """Yield what these settings make the service keep: logs, counts, what travels with a form, mails, cookies."""
    days = settings.audit.retention_days
    yield Kept(_("Audit and technical logs"), in_words(timedelta(days=days)))
    yield Kept(
        _("Counts of attempts, as keyed fingerprints of what was typed and of the address"),
        _("%(duration)s at most", duration=in_words(longest_window(settings.rate_limits))),
    )
    if settings.events.is_on:
        kept_days = in_words(timedelta(days=settings.events.keep_days))
        yield Kept(
            _("Your last attempts at this service, for the helpdesk, under a keyed fingerprint of your login"),
            _("%(duration)s at most", duration=kept_days),
        )
    yield from _of_forms(settings)
    if settings.notifications.spool:
        hours = timedelta(hours=settings.notifications.retry_hours)
        yield Kept(_("A mail to you that waits for the mail server"), _until(_("until it is sent"), hours))
        if settings.sms_spool:
            what = _(
                "A text message to you about your recovery methods, with your phone number, that waits to be sent"
            )
            yield Kept(what, _until(_("until it is sent"), hours))
    if settings.workstation.targets:
        hours = timedelta(hours=settings.workstation.retry_hours)
        what = _("The new password on its way to the Windows workstation, encrypted")
        yield Kept(what, _until(_("until it is active there"), hours))
    yield from _in_entry(settings)
    if settings.webhooks.is_on:
        hours = timedelta(hours=settings.webhooks.retry_hours)
        what = _("A message to another program of the academy with your login and what was done")
        yield Kept(what, _until(_("until it is sent"), hours))
    yield from _cookies()
    if settings.helpdesk.has_pages:
        minutes = timedelta(minutes=settings.helpdesk.idle_minutes)
        yield Kept(_("Encrypted cookie of agents who are signed in at the helpdesk’s pages"), in_words(minutes))


def _in_entry(settings: Settings) -> Iterator[Kept]:
    """Yield what is written into the person's own entry in the directory."""
    duration = str(_("as long as your account is in the directory"))
    if settings.recovery.is_on:
        what = _("The recovery methods that you added, encrypted")
        yield Kept(what, _("until you remove them, or leave the academy"))
    if settings.gives_codes:
        minutes = timedelta(minutes=settings.helpdesk.code_minutes)
        what = _("A code that the helpdesk gave you, as a keyed fingerprint")
        yield Kept(what, _("until you use it, %(duration)s at most", duration=in_words(minutes)))
    if settings.charter.is_on:
        yield Kept(_("The version of the acceptable use policy that you accepted, and when"), duration)
    if settings.reminders.is_on:
        yield Kept(_("The last reminder about your password that was sent to you, and when"), duration)


def _of_forms(settings: Settings) -> Iterator[Kept]:
    minutes = timedelta(minutes=settings.captcha.lifetime_minutes)
    yield Kept(_("Security check"), in_words(minutes))
    ticket = timedelta(minutes=settings.reset.ticket_minutes)
    yield Kept(_("The proof that your answers were right, for a reset"), in_words(ticket))
    if settings.second_factor.methods or settings.recovery.is_on:
        yield Kept(_("The code that you receive"), in_words(timedelta(minutes=settings.second_factor.minutes)))
    yield Kept(_("The page with the result of a change"), in_words(timedelta(seconds=RESULT_SECONDS)))


def _cookies() -> Iterator[Kept]:
    yield Kept(_("Cookie that protects the forms"), _("until you close the browser"))
    state = in_words(timedelta(seconds=LIFETIME_SECONDS))
    what = _("Encrypted cookie that takes your answers to the next page, without any password, number or code")
    yield Kept(what, _("%(duration)s at most", duration=state))
    yield Kept(_("Cookie of the language that you chose"), in_words(timedelta(seconds=A_YEAR_SECONDS)))


def recipients(settings: Settings) -> Iterator[str]:
    """Yield who receives personal data by these settings (GDPR, article 13.1.e)."""
    yield str(_("the staff of the academy who run the directory and this service, and its helpdesk"))
    if settings.legal.host and settings.legal.host != (settings.legal.publisher or settings.academy.name):
        yield str(_("the host of this site, as a processor: %(host)s", host=settings.legal.host))
    if settings.notifications.spool:
        yield str(_("the mail server, for the mails that you receive"))
    if "phone" in settings.second_factor.methods or "mobile" in settings.recovery.methods or settings.sms_spool:
        yield str(_("the operator that sends you text messages: it receives your phone number and their text"))
    if settings.workstation.targets:
        yield str(_("the servers of the Windows workstations: they receive your login and your new password"))
    if settings.webhooks.is_on:
        yield str(_("a program of the academy that is told when a password changes: it receives your login"))
    if settings.api.clients:
        yield str(_("the applications of the academy that use this service for you, such as its webmail"))
    if settings.password.pwned_url:
        yield str(
            _("a list of disclosed passwords: it receives five characters of a fingerprint, which identify nobody")
        )


def longest_window(limits: RateLimits) -> timedelta:
    """Return the longest time over which one of the rate limits counts."""
    rates = (getattr(limits, key) for key, field in RateLimits.model_fields.items() if _is_rate(field.metadata))
    return timedelta(seconds=max(rate.get_expiry() for text in rates for rate in parse_many(text)))


def in_words(time: timedelta) -> str:
    """Return "365 jours", "48 heures" or "10 minutes": the largest unit of which the time is a whole number."""
    for unit, one in UNITS:
        if time >= one and not time % one:
            return str(format_unit(time // one, f"duration-{unit}", locale=current()))
    return str(format_unit(time.total_seconds(), "duration-second", locale=current()))


def _until(event: str, at_most: timedelta) -> str:
    return str(_("%(event)s, %(duration)s at most", event=event, duration=in_words(at_most)))


def _is_rate(metadata: list[object]) -> bool:
    """Return whether a setting is of the type Rates, whose validator pydantic keeps with the field."""
    return any(one in metadata for one in get_args(Rates)[1:])
