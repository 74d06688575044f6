"""Mistakes with recovery methods, the charter and reminders, as far as they are seen without the directory."""

from __future__ import annotations

import pytest

from gateway.checks import reminder_runs, sandbox
from gateway.checks.charter import check_charter
from gateway.checks.finding import Level
from gateway.checks.machine import check_machine
from gateway.checks.recovery import check_recovery
from gateway.checks.reminder_runs import check_reminder_runs
from tests.support.planted_machine import PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove

SITE, OTHER = "mon-compte.academie.test", "intranet.academie.test"
TIMER = "mamia-remind.timer"


class PlantedParts(PlantedMachine):
    """A public site on a machine with systemd, with recovery methods, a charter, and reminders each morning."""

    def __init__(self, folder):
        super().__init__(
            folder,
            web={"allowed_hosts": [SITE]},
            recovery={"methods": ["passkey", "totp"], "rp_id": SITE, "origin": f"https://{SITE}"},
            charter={"version": "2026-09", "url": "https://academie.test/charte"},
            notifications={"spool": folder / "mails"},
            reminders={
                "bind_dn": "cn=reminders,ou=services,dc=ac-example,dc=fr",
                "bind_password_file": folder / "reminders.password",
                "digest_to": "assistance@academie.test",
            },
        )

    def good(self):
        """Give the machine systemd with the timer installed and enabled, and the account's password."""
        self.file("reminders.password")
        self.environment.setattr(reminder_runs, "RUNNING", self.made("booted"))
        self.environment.setattr(sandbox, "FOLDER", self.made("etc"))
        self.environment.setattr(sandbox, "PACKAGED_FOLDER", self.made("lib"))
        self.file(f"lib/{TIMER}", "[Timer]\n")
        self.enable()

    def enable(self):
        """Make the link that `systemctl enable` makes."""
        link = self.made("etc/timers.target.wants") / TIMER
        link.unlink(missing_ok=True)
        link.symlink_to(self.folder / "lib" / TIMER)

    def disabled(self):
        self.good()
        (self.folder / "etc/timers.target.wants" / TIMER).unlink()

    def masked(self):
        self.good()
        (self.folder / "etc" / TIMER).symlink_to("/dev/null")

    def unmask(self):
        (self.folder / "etc" / TIMER).unlink()


def recovery(place):
    return check_recovery(place.settings)


def charter(place):
    return check_charter(place.settings)


def reminders(place):
    return check_reminder_runs(place.settings)


MISTAKES = (
    Mistake(
        name="passkeys of a name that the site does not serve",
        plant=lambda place: place.set("recovery", rp_id=OTHER, origin=f"https://{OTHER}"),
        subject="recovery.origin",
        message=[f"does not serve {OTHER}", "nobody can add or use a passkey"],
        hint=[f'rp_id = "{SITE}"', f'origin = "https://{SITE}"'],
        fix=lambda place: place.set("recovery", rp_id=SITE, origin=f"https://{SITE}"),
        check=recovery,
    ),
    Mistake(
        name="passkeys of one of two names of the site",
        plant=lambda place: place.set("web", allowed_hosts=[SITE, OTHER]),
        level=Level.WARN,
        subject="recovery.origin",
        message=[f"under {OTHER} cannot use passkeys"],
        hint=["redirect", "web.allowed_hosts"],
        fix=lambda place: place.set("web", allowed_hosts=[SITE]),
        check=recovery,
    ),
    Mistake(
        name="recovery methods that count at once",
        plant=lambda place: place.set("recovery", rest_hours=0),
        level=Level.WARN,
        subject="recovery.rest_hours",
        message=["keeps the account"],
        hint=["rest_hours = 48"],
        fix=lambda place: place.set("recovery", rest_hours=48),
        check=recovery,
    ),
    Mistake(
        name="charter in plain http",
        plant=lambda place: place.set("charter", url="http://academie.test/charte"),
        level=Level.WARN,
        subject="charter.url",
        message=["plain http"],
        hint=["https://"],
        fix=lambda place: place.set("charter", url="https://academie.test/charte"),
        check=charter,
    ),
    Mistake(
        name="charter on the visitor's own machine",
        plant=lambda place: place.set("charter", url="http://localhost/charte"),
        subject="charter.url",
        message=["nobody can read"],
        hint=["a site that people reach"],
        fix=lambda place: place.set("charter", url="https://academie.test/charte"),
        check=charter,
    ),
    Mistake(
        name="digest to half an address",
        plant=lambda place: place.set("reminders", digest_to="assistance@academie"),
        level=Level.WARN,
        subject="reminders.digest_to",
        message=["no digest"],
        hint=["whole mail address"],
        fix=lambda place: place.set("reminders", digest_to="assistance@academie.test"),
        check=reminders,
    ),
    Mistake(
        name="reminders that no timer starts",
        plant=lambda place: place.disabled(),
        level=Level.WARN,
        subject=TIMER,
        message=["not enabled"],
        hint=[f"systemctl enable --now {TIMER}"],
        fix=lambda place: place.enable(),
        check=reminders,
    ),
    Mistake(
        name="masked timer of the reminders",
        plant=lambda place: place.masked(),
        level=Level.WARN,
        subject=TIMER,
        message=["not enabled"],
        hint=[f"systemctl unmask {TIMER}"],
        fix=lambda place: place.unmask(),
        check=reminders,
    ),
)


@pytest.fixture(scope="module")
def place():
    with open_folder() as folder:
        yield PlantedParts(folder)


class TestMistakes:
    @pytest.mark.parametrize("mistake", MISTAKES, ids=str)
    def test_when_planted_then_found_with_the_fix(self, place, mistake):
        prove(mistake, place)


class TestRight:
    def test_when_all_is_right_then_each_part_is_ok(self, place):
        place.good()
        try:
            found = [*recovery(place), *charter(place), *reminders(place)]
        finally:
            place.restore()

        assert problems(found) == []
        assert [one.subject for one in found] == ["recovery.methods", "charter.url", TIMER]

    def test_when_the_sections_are_off_then_nothing_is_said(self, place):
        place.set("recovery", methods=[])
        place.set("charter", version=None, url=None)
        place.set("reminders", bind_dn=None)
        try:
            assert [*recovery(place), *charter(place), *reminders(place)] == []
        finally:
            place.restore()

    def test_when_systemd_does_not_run_then_nothing_is_said_of_the_timer(self, place):
        place.disabled()
        (place.folder / "booted").rmdir()
        try:
            assert list(reminders(place)) == []
        finally:
            place.restore()

    def test_when_the_site_allows_a_suffix_then_names_below_it_can_have_passkeys(self, place):
        place.set("web", allowed_hosts=[".academie.test"])
        try:
            assert problems(recovery(place)) == []
        finally:
            place.restore()

    def test_when_the_machine_is_checked_then_these_parts_are_too(self, place):
        place.set("recovery", rest_hours=0)
        place.set("charter", url="http://academie.test/charte")
        place.set("reminders", digest_to="assistance@academie")
        try:
            subjects = {one.subject for one in check_machine(place.settings)}
        finally:
            place.restore()

        assert {"recovery.rest_hours", "charter.url", "reminders.digest_to"} <= subjects
