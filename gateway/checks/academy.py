"""Checks of what the pages tell people about the academy: its names, the helpdesk's hours, and the challenges."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import holidays

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.host_names import public_names
from gateway.protection.captcha.audio import LANGUAGES
from gateway.settings import Academy, Notifications, Settings, Support

VOICE_SECONDS = 5
MIN_OPEN_DAYS = 5
"""Days of a year on which a helpdesk must be open at least, for its closures to be meant."""
FRENCH_DIGITS = 10
PREMIUM = re.compile(r"08[1239]")
PRICES = {re.compile(r"080[0-5]"): "free", re.compile(r"080[6-9]"): "service_free"}
"""First digits of special numbers → the price of a call; all others are "standard"."""
EXAMPLES = (
    ("academy", "name", Academy),
    ("academy", "mail_domain", Academy),
    ("support", "phone", Support),
    ("support", "mail", Support),
    ("notifications", "sender", Notifications),
)
"""Section, key and class of the settings whose defaults are those of an invented academy."""


def check_academy(settings: Settings) -> Iterator[Finding]:
    """Yield findings about invented texts, and about the helpdesk's hours."""
    if public_names(settings.web) and (left := _examples(settings)):
        text = f"{', '.join(left)} are still those of the invented academy, and people read them"
        yield warn("academy", text, f"set {', '.join(left)} in the settings to those of your academy")
    yield from _call_price(settings.support)
    yield from _opening_hours(settings.support)


def _examples(settings: Settings) -> list[str]:
    left = []
    for section, key, kind in EXAMPLES:
        is_sent = section != "notifications" or settings.notifications.spool
        if is_sent and getattr(getattr(settings, section), key) == kind.model_fields[key].default:
            left.append(f"{section}.{key}")
    return left


def _call_price(support: Support) -> Iterator[Finding]:
    """Compare the price that people read with the first digits of a French number (the plan of the Arcep)."""
    number = re.sub(r"\D", "", support.phone.replace("(0)", "").replace("+33", "0"))
    if len(number) != FRENCH_DIGITS or not support.call_price or support.holidays[:2] not in ("", "FR"):
        return
    if PREMIUM.match(number):
        text = (
            f"{support.phone} has a surcharge, which French administrations may not ask for (law 2018-727, art. 28)"
        )
        yield warn("support.phone", text, "name a number without surcharge")
        return
    right = next((price for start, price in PRICES.items() if start.match(number)), "standard")
    if right != support.call_price:
        text = f"people read that a call is {support.call_price!r}, and {support.phone} is {right!r}"
        yield warn("support.call_price", text, f'call_price = "{right}"')


def _opening_hours(support: Support) -> Iterator[Finding]:
    year = datetime.now(UTC).year
    if not support.openings:
        text = "none: the pages show no hours of the helpdesk"
        yield warn("support.openings", text, "set the hours of the helpdesk")
        return
    wrong = [f"{one.opens:%H:%M} to {one.closes:%H:%M}" for one in support.openings if one.opens >= one.closes]
    if wrong:
        text = f"{', '.join(wrong)} ends before it begins: the helpdesk counts as closed then"
        yield fail("support.openings", text, "opens before closes; two lines for hours on both sides of midnight")
    if _open_days(support, year) < MIN_OPEN_DAYS:
        text = f"the closures leave no day of {year} on which the helpdesk is open"
        yield fail("support.closures", text, "first and last day of each closure, as month-day")
        return
    if not support.holidays:
        yield ok("support", "hours are set, without public holidays")
        return
    country, _, part = support.holidays.partition("-")
    days = holidays.country_holidays(country, subdiv=part or None, years=[year, year + 1])
    if not days:
        yield warn("support.holidays", f"none are known of {support.holidays} for {year}", "pip install -U holidays")
    else:
        yield ok("support", f"hours are set; {len(days)} public holidays are known for {year} and {year + 1}")


def _open_days(support: Support, year: int) -> int:
    """Return on how many days of the year no closure applies."""
    start = date(year, 1, 1)
    days = (start + timedelta(days=number) for number in range(365))
    return sum(not any(_closes(one.first, one.last, f"{day:%m-%d}") for one in support.closures) for day in days)


def _closes(first: str, last: str, day: str) -> bool:
    return first <= day <= last if first <= last else day >= first or day <= last


def check_captcha(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the challenges that people can choose from."""
    captcha = settings.captcha
    found = list(_sound(settings)) if "sound" in captcha.methods else []
    if "automatic" not in captcha.methods:
        text = 'has no "automatic": people who neither see nor hear can\'t pass (WCAG 2.2, 3.3.8)'
        found.append(warn("captcha.methods", text, 'add "automatic"'))
    if not captcha.required:
        found.append(warn("captcha.required", "empty: scripts can use every form", '["reset", "change"]'))
    shown = f"required: {', '.join(captcha.required)}; methods: {', '.join(captcha.methods)}"
    yield from found or [ok("captcha", shown)]


def _sound(settings: Settings) -> Iterator[Finding]:
    program = shutil.which("espeak-ng")
    if not program:
        yield fail("captcha.methods", 'has "sound", but espeak-ng is not installed', "apt install espeak-ng")
        return
    for code in settings.web.languages:
        if code in LANGUAGES and not _speaks(program, LANGUAGES[code].voice):
            text = (
                f"espeak-ng has no voice {LANGUAGES[code].voice} that works: the sound of the challenge fails (503)"
            )
            yield fail("captcha.methods", text, "apt install --reinstall espeak-ng espeak-ng-data")


def _speaks(program: str, voice: str) -> bool:
    """Return whether one character can be spoken, as the pages let it be spoken."""
    command = [program, "-v", voice, "-z", "--stdin", "--stdout"]
    try:
        done = subprocess.run(command, input=b"A\n", capture_output=True, timeout=VOICE_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and done.stdout.startswith(b"RIFF")
