"""Mistakes in the directory with the helpdesk's agents and with reminders, each planted in a real slapd."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.helpdesk import check_helpdesk
from gateway.checks.reminders import check_reminders
from tests.support.planted_directory import SERVICES, PlantedDirectory
from tests.support.planted_mistakes import Mistake, prove
from tests.support.slapd_server import QUICK_HASH, SUFFIX, SlapdServer

HELPDESK, REMINDERS = f"cn=helpdesk,{SERVICES}", f"cn=reminders,{SERVICES}"
AGENTS, ABSENT = f"cn=protected,ou=groups,{SUFFIX}", f"cn=guichet,ou=groups,{SUFFIX}"


def helpdesk(place):
    return check_helpdesk(place.settings)


def reminders(place):
    return check_reminders(place.settings)


MISTAKES = (
    Mistake(
        name="group of agents that does not exist",
        plant=lambda place: place.set("helpdesk", agents_group=ABSENT),
        subject="rights of the helpdesk",
        message=[f"helpdesk.agents_group {ABSENT} does not exist", "nobody is an agent"],
        hint=["add the group", "44-helpdesk.ldif"],
        fix=lambda place: place.add(ABSENT, objectClass="groupOfNames", cn="guichet", member=HELPDESK),
        check=helpdesk,
    ),
    Mistake(
        name="helpdesk's account that may not write codes",
        plant=lambda place: place.put_rule(f'to attrs=mamiaResetCode by dn.exact="{HELPDESK}" none by * break'),
        subject="rights of the helpdesk",
        message=["mamiaResetCode"],
        hint=["44-helpdesk.ldif", "before the directory's own"],
        fix=lambda place: place.take_rule(),
        check=helpdesk,
    ),
    Mistake(
        name="reminders' account that may not record reminders",
        plant=lambda place: place.put_rule(f'to attrs=mamiaReminded by dn.exact="{REMINDERS}" none by * break'),
        subject="reminders",
        message=["mamiaReminded"],
        hint=["49-reminders.ldif", "before the directory's own"],
        fix=lambda place: place.take_rule(),
        check=reminders,
    ),
    Mistake(
        name="reminders' account that may read passwords",
        plant=lambda place: place.put_rule(f'to attrs=userPassword by dn.exact="{REMINDERS}" read by * break'),
        subject="reminders",
        message=["read userPassword", "whoever steals it could"],
        hint=["49-reminders.ldif"],
        fix=lambda place: place.take_rule(),
        check=reminders,
    ),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    academy = SlapdServer(tmp_path_factory.mktemp("helpdesk") / "state", hash_cost=QUICK_HASH)
    academy.add_person("fdurand")
    yield PlantedDirectory(
        academy,
        helpdesk={
            "bind_dn": HELPDESK,
            "bind_password": academy.slapd.password("helpdesk"),
            "agents_group": AGENTS,
        },
        notifications={"spool": "/var/lib/mamia/mails"},
        reminders={"bind_dn": REMINDERS, "bind_password_file": academy.slapd.password_file("reminders")},
    )
    academy.slapd.stop()


class TestMistakes:
    @pytest.mark.parametrize("mistake", MISTAKES, ids=str)
    def test_when_planted_then_found_with_the_fix(self, place, mistake):
        prove(mistake, place)


class TestRight:
    def test_when_nothing_is_planted_then_nothing_is_found(self, place):
        found = [*helpdesk(place), *reminders(place)]

        assert [one for one in found if one.level is not Level.OK] == []
        assert found
