"""Mistakes in what the law asks the pages to say, and in how long the audit is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.checks import legal
from gateway.checks.finding import Level
from gateway.checks.legal import check_legal, check_retention
from tests.support.planted_machine import PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove

PUBLISHED = {
    "address": "4 rue de l’Exemple, 99000 Trifouilly",
    "director": "Ada Lovelace, rectrice",
    "host": "Centre de calcul",
    "host_address": "1 rue du Serveur, 99001 Ailleurs",
    "host_phone": "03 80 11 11 11",
}
STANZA = "{file} {{\n    {interval}\n    rotate {rotations}\n    {more}\n}}\n"


def today():
    return datetime.now(UTC).date()


class PlantedPages(PlantedMachine):
    """A service that people reach, whose pages have what the law asks for, and whose audit is rotated."""

    def __init__(self, folder):
        super().__init__(
            folder,
            web={"allowed_hosts": ["mon-compte.academie.test"]},
            academy={"dpo_mail": "dpd@academie.test"},
            legal=PUBLISHED,
            accessibility={
                "plan_url": "https://academie.test/schema",
                "audited_on": today(),
                "audited_by": "X",
                "percent": 90,
            },
        )

    def rotated(self, interval="daily", rotations=365, more="compress", file=None):
        """Let the audit be a file, which logrotate rotates like this."""
        audit = self.folder / "audit.log"
        self.set("audit", destination="file", file=audit)
        self.environment.setattr(legal, "LOGROTATE", self.made("logrotate.d"))
        stanza = STANZA.format(file=file or audit, interval=interval, rotations=rotations, more=more)
        self.file("logrotate.d/mamia", "# The audit {\nweekly\n" + stanza)


def pages(place):
    return check_legal(place.settings)


def retention(place):
    return check_retention(place.settings)


MISTAKES = (
    Mistake(
        name="no publisher's address and no host",
        plant=lambda place: place.set("legal", address=None, host=None),
        level=Level.WARN,
        subject="legal",
        message=["legal.address, legal.host are not set"],
        hint=["set them in [legal]"],
        fix=lambda place: place.set("legal", address="4 rue de l’Exemple", host="Centre de calcul"),
        check=pages,
    ),
    Mistake(
        name="no data protection officer",
        plant=lambda place: place.set("academy", dpo_mail=None),
        level=Level.WARN,
        subject="academy.dpo_mail",
        message=["is not set"],
        hint=["mail address of the data protection officer"],
        fix=lambda place: place.set("academy", dpo_mail="dpd@academie.test"),
        check=pages,
    ),
    Mistake(
        name="no plan for accessibility",
        plant=lambda place: place.set("accessibility", plan_url=None),
        level=Level.WARN,
        subject="accessibility.plan_url",
        message=["is not set"],
        hint=["the academy's plan"],
        fix=lambda place: place.set("accessibility", plan_url="https://academie.test/schema"),
        check=pages,
    ),
    Mistake(
        name="no audit by RGAA",
        plant=lambda place: place.set("accessibility", audited_on=None, audited_by=None, percent=None),
        level=Level.WARN,
        subject="accessibility",
        message=["no audit by RGAA"],
        hint=["set audited_on, audited_by and percent"],
        fix=lambda place: place.set("accessibility", audited_on=today(), audited_by="X", percent=90),
        check=pages,
    ),
    Mistake(
        name="an old audit by RGAA",
        plant=lambda place: place.set("accessibility", audited_on=today() - timedelta(days=1100)),
        level=Level.WARN,
        subject="accessibility.audited_on",
        message=["more than 3 years ago"],
        hint=["audited again"],
        fix=lambda place: place.set("accessibility", audited_on=today()),
        check=pages,
    ),
    Mistake(
        name="an audit that is kept longer than people are told",
        plant=lambda place: place.rotated(interval="weekly", rotations=104),
        level=Level.WARN,
        subject="audit.retention_days",
        message=["for 728 days, and the pages say 365"],
        hint=["retention_days = 728, or daily and rotate 365"],
        fix=lambda place: place.set("audit", retention_days=728),
        check=retention,
    ),
    Mistake(
        name="an audit that is kept shorter, by its age",
        plant=lambda place: place.rotated(more="maxage 90"),
        level=Level.WARN,
        subject="audit.retention_days",
        message=["for 90 days"],
        hint=["retention_days = 90"],
        fix=lambda place: place.set("audit", retention_days=90),
        check=retention,
    ),
    Mistake(
        name="an audit that nothing deletes",
        plant=lambda place: place.rotated(file="/var/log/other.log"),
        level=Level.WARN,
        subject="audit.retention_days",
        message=["nothing deletes what is older than 365 days"],
        hint=["with daily and rotate 365"],
        fix=lambda place: place.rotated(),
        check=retention,
    ),
)


@pytest.fixture(scope="module")
def place():
    with open_folder() as folder:
        yield PlantedPages(folder)


class TestMistake:
    @pytest.mark.parametrize("mistake", MISTAKES, ids=str)
    def test_when_planted_then_it_is_found_and_the_hint_ends_it(self, place, mistake):
        prove(mistake, place)


class TestPages:
    def test_when_all_is_filled_in_then_nothing_is_found(self, place):
        assert problems([*pages(place), *retention(place)]) == []

    def test_when_nobody_can_reach_the_service_then_nothing_is_asked_for(self, place):
        place.set("web", allowed_hosts=["localhost"])
        place.set("legal", address=None)

        assert list(pages(place)) == []
        place.restore()

    @pytest.mark.parametrize(
        ("interval", "rotations", "days"), [("daily", 365, 365), ("weekly", 52, 364), ("monthly", 12, 372)]
    )
    def test_when_logrotate_keeps_what_people_are_told_then_it_is_said(self, place, interval, rotations, days):
        place.rotated(interval=interval, rotations=rotations)
        place.set("audit", retention_days=days)

        [found] = retention(place)

        assert found.level is Level.OK
        assert f"for {days} days" in found.message
        place.restore()

    def test_when_our_own_file_of_logrotate_is_read_then_it_keeps_what_the_default_says(self, place, monkeypatch):
        folder = Path(__file__).parents[3] / "deploy" / "logrotate"
        monkeypatch.setattr(legal, "LOGROTATE", folder)
        place.set("audit", destination="file", file="/var/log/mamia/audit.log")

        [found] = retention(place)

        assert found.level is Level.OK
        place.restore()
