"""Checks of what the law asks the pages to say: publisher, host, data protection, accessibility, retention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from gateway.checks.finding import Finding, ok, warn
from gateway.checks.host_names import public_names
from gateway.settings import Settings
from gateway.settings.legal import AUDIT_YEARS

LOGROTATE = Path("/etc/logrotate.d")
DAYS = {"hourly": 1 / 24, "daily": 1, "weekly": 7, "monthly": 31, "yearly": 366}
"""Words of logrotate.conf(5) for the time between two rotations, in days; rounded up: people read "at most"."""
NEEDED = ("address", "director", "host", "host_address", "host_phone")
"""Keys of [legal] that have no value to fall back to."""
_STANZA = re.compile(r"(?P<paths>[^{}]*)\{(?P<body>[^{}]*)\}")
RETENTION = "audit.retention_days"


def check_legal(settings: Settings) -> Iterator[Finding]:
    """Yield what the pages that the law asks for still lack. A service that nobody can reach needs none of them."""
    if not public_names(settings.web):
        return
    found = [*_publisher(settings), *_data_protection(settings), *_accessibility(settings)]
    yield from found or [ok("legal", "the pages have what the law asks for")]


def _publisher(settings: Settings) -> Iterator[Finding]:
    missing = [f"legal.{key}" for key in NEEDED if not getattr(settings.legal, key)]
    if missing:
        text = f"{', '.join(missing)} are not set, and the page Mentions légales must name them (LCEN, article 1-1)"
        yield warn("legal", text, "set them in [legal]; the academy's communication service knows them")


def _data_protection(settings: Settings) -> Iterator[Finding]:
    if not settings.academy.dpo_mail:
        text = "is not set: the page about personal data sends people to the helpdesk (GDPR, article 13.1.b)"
        yield warn("academy.dpo_mail", text, "set it to the mail address of the data protection officer")


def _accessibility(settings: Settings) -> Iterator[Finding]:
    accessibility = settings.accessibility
    if not accessibility.plan_url:
        text = "is not set, and the accessibility statement must link that plan (law 2005-102, article 47)"
        yield warn("accessibility.plan_url", text, "set it to the address of the academy's plan over several years")
    if accessibility.audited_on is None:
        text = "no audit by RGAA is known: the footer of each page says that the service is not compliant"
        yield warn("accessibility", text, "have it audited, then set audited_on, audited_by and percent")
    elif not accessibility.has_valid_audit(datetime.now(UTC).date()):
        text = (
            f"{accessibility.audited_on} is more than {AUDIT_YEARS} years ago: the pages say that it no longer counts"
        )
        yield warn(
            "accessibility.audited_on", text, "have the service audited again, and set the new day and percent"
        )


@dataclass(frozen=True, slots=True)
class _Rotation:
    """What one file of logrotate does with the audit."""

    file: Path
    days: int


def check_retention(settings: Settings) -> Iterator[Finding]:
    """Yield whether the audit is kept as long as the page about personal data tells people."""
    told, audit = settings.audit.retention_days, settings.audit
    if audit.destination != "file" or audit.file is None:
        text = f"{told} days, as people are told. Not compared: the journal and log servers have limits of their own"
        yield ok(RETENTION, text)
        return
    rotations = list(_rotations(audit.file))
    if not rotations:
        text = f"no file in {LOGROTATE} names {audit.file}: nothing deletes what is older than {told} days"
        yield warn(RETENTION, text, f"a stanza for it as in deploy/logrotate/mamia, with daily and rotate {told}")
    for rotation in rotations:
        if rotation.days == told:
            yield ok(RETENTION, f"{rotation.file} keeps the audit for {told} days, as people are told")
            continue
        text = f"{rotation.file} keeps the audit for {rotation.days} days, and the pages say {told}"
        yield warn(RETENTION, text, f"retention_days = {rotation.days}, or daily and rotate {told} in that file")


def _rotations(audit: Path) -> Iterator[_Rotation]:
    for file in sorted(LOGROTATE.glob("*")):
        try:
            text = re.sub(r"#.*", "", file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        for stanza in _STANZA.finditer(text):
            # Before a stanza may be options of the whole file; only its last line has the paths.
            paths = [path.strip("\"'") for path in stanza["paths"].split()]
            if any(fnmatch(str(audit), path) for path in paths):
                yield _Rotation(file, _days(stanza["body"].split("\n")))


def _days(lines: list[str]) -> int:
    """Return for how many days the files of a stanza are kept: rotations times their interval, `maxage` at most."""
    words = [line.split() for line in lines if line.strip()]
    values = {one[0]: one[1] for one in words if len(one) > 1}
    interval = next((DAYS[one[0]] for one in words if one[0] in DAYS), DAYS["weekly"])
    days = round(interval * int(values.get("rotate", "0")))
    return min(days, int(values["maxage"])) if "maxage" in values else days
