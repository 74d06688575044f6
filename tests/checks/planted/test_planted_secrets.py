"""Mistakes in who may read secrets, who is protected, and who is connected, each planted in a real slapd."""

from __future__ import annotations

import ldap
import pytest

from gateway.checks.finding import Level
from gateway.checks.outbox import check_outbox
from gateway.checks.protected import check_protected
from gateway.checks.secret_attributes import check_secrets
from gateway.checks.servers import check_servers
from gateway.checks.service_connections import check_service_connections
from gateway.demo.private_slapd import ldif_folder
from tests.support.planted_directory import DATABASE, GATEWAY, PlantedDirectory
from tests.support.planted_mistakes import Mistake, prove
from tests.support.slapd_server import PEOPLE, SUFFIX

GROUP = f"cn=protected,ou=groups,{SUFFIX}"
EMPTY = f"cn=empty,ou=groups,{SUFFIX}"
PASSWORD_RULE = "to attrs=userPassword by self =xw by anonymous auth by * none"
MONITOR = "olcDatabase={2}monitor,cn=config"
WORKER = f"cn=sync,ou=services,{SUFFIX}"
TARGET = {"poste": {"type": "samba_nt"}}
ELSEWHERE = "192.0.2.0/24"


def secrets(place):
    return check_secrets(place.settings)


def protected(place):
    return check_protected(place.settings)


def connections(place):
    return check_service_connections(place.settings)


def readable(attribute, hint, fix=PlantedDirectory.take_rule):
    """A secret that anybody reads."""
    return Mistake(
        name=f"anybody reads {attribute}",
        plant=lambda place: place.put_rule(f'to dn.subtree="{SUFFIX}" attrs={attribute},entry by * read'),
        subject="secrets",
        message=[f"anybody can read or search by {attribute}"],
        hint=[hint],
        fix=fix,
        check=secrets,
    )


def protect(place, **people):
    place.set("people", **people)


def delete_group(place):
    protect(place, protected_groups=[GROUP])
    place.delete(GROUP)


def show_phones(place):
    place.change(place.server.dn("fdurand4"), mobile="+33600000000")
    place.put_rule(f'to dn.subtree="{PEOPLE}" attrs=mobile,entry by * read')
    place.set("people", phone="mobile")
    place.set("second_factor", methods=["phone"], sms_gateway_url="https://sms.invalid/")


def empty_group(place):
    place.add(EMPTY, objectClass="posixGroup", cn="empty", gidNumber="5000")
    protect(place, protected_groups=[GROUP, EMPTY])


def load_monitor_rules(place):
    place.server.load((ldif_folder() / "46-monitor.ldif").read_text(), as_config=True)


def watch(place, *networks):
    load_monitor_rules(place)
    place.set("directory", monitor=True, expected_addresses=list(networks))


def worker(place, password):
    """The worker's account, with this password in its file."""
    file = place.server.slapd.state.parent / "sync"
    file.write_text(password)
    place.set("workstation", targets=TARGET, bind_dn=WORKER, bind_password_file=file)


MISTAKES: tuple[Mistake[PlantedDirectory], ...] = (
    readable("userPassword", PASSWORD_RULE, lambda place: place.put_rule(PASSWORD_RULE)),
    readable("numen", "30-access.ldif"),
    readable("temporaryAgentNumber", "30-access.ldif"),
    readable("birthDate", "30-access.ldif"),
    Mistake(
        name="anybody reads the phones that codes go to",
        plant=show_phones,
        level=Level.WARN,
        subject="secrets",
        message=["anybody can read mobile"],
        hint=["a rule on attrs=mobile that ends in none"],
        fix=lambda place: place.put_rule("to attrs=mobile by * none"),
        check=secrets,
    ),
    Mistake(
        name="nobody is protected",
        plant=PlantedDirectory.forget_settings,
        level=Level.WARN,
        subject="protected people",
        message=["nobody is"],
        hint=["people.protected_groups"],
        fix=lambda place: protect(place, protected_groups=[GROUP]),
        check=protected,
    ),
    Mistake(
        name="group does not exist",
        plant=lambda place: protect(place, protected_groups=[f"cn=admins,ou=groups,{SUFFIX}"]),
        subject="protected people",
        message=["cn=admins"],
        hint=["name groups that exist"],
        fix=lambda place: protect(place, protected_groups=[GROUP]),
        check=protected,
    ),
    Mistake(
        name="group is deleted",
        plant=delete_group,
        subject="protected people",
        message=[GROUP],
        hint=["name groups that exist"],
        fix=PlantedDirectory.restore_data,
        check=protected,
    ),
    Mistake(
        name="group is none",
        plant=lambda place: protect(place, protected_groups=[f"ou=groups,{SUFFIX}"]),
        subject="protected people",
        message=["is none of groupOfNames"],
        hint=["name groups that exist"],
        fix=lambda place: protect(place, protected_groups=[GROUP]),
        check=protected,
    ),
    Mistake(
        name="group is empty",
        plant=empty_group,
        level=Level.WARN,
        subject="protected people",
        message=[f"{EMPTY} of people.protected_groups has no members"],
        hint=["add the administrators to it"],
        fix=lambda place: place.change(EMPTY, memberUid="mpetit"),
        check=protected,
    ),
    Mistake(
        name="filter of protected people matches nobody",
        plant=lambda place: protect(place, protected_filter="(uid=admin)"),
        level=Level.WARN,
        subject="protected people",
        message=["matches nobody"],
        hint=["is it the right filter?"],
        fix=lambda place: protect(place, protected_filter="(uid=mpetit)"),
        check=protected,
    ),
    Mistake(
        name="filter of protected people can't be decided",
        plant=lambda place: protect(place, protected_filter="(adminCount=1)"),
        subject="protected people",
        message=["adminCount"],
        hint=["give the right to search"],
        fix=lambda place: protect(place, protected_filter="(uid=mpetit)"),
        check=protected,
    ),
    Mistake(
        name="the directory does not protect them",
        plant=lambda place: protect(place, protected_filter="(uid=mpetit)"),
        subject="the directory's own rule",
        message=["may write userPassword", "uid=mpetit"],
        hint=["put them into its group"],
        fix=lambda place: place.change_values(ldap.MOD_ADD, GROUP, member=place.server.dn("mpetit")),
        check=protected,
    ),
    Mistake(
        name="the worker's password is wrong",
        plant=lambda place: worker(place, "wrong"),
        subject="passwords at the workstations",
        message=["the password is wrong"],
        hint=["bind_password_file", f"-D {WORKER}"],
        fix=lambda place: worker(place, place.server.slapd.password("sync")),
        check=lambda place: check_outbox(place.settings),
    ),
    Mistake(
        name="statistics can't be read",
        plant=lambda place: place.set("directory", monitor=True),
        subject="service connections",
        message=["can't be read"],
        hint=["46-monitor.ldif"],
        fix=load_monitor_rules,
        check=connections,
    ),
    Mistake(
        name="connected from elsewhere",
        plant=lambda place: watch(place, ELSEWHERE),
        level=Level.WARN,
        subject="service connections",
        message=["gateway from 127.0.0.1"],
        hint=['directory.expected_addresses = ["192.0.2.0/24", "127.0.0.1"]'],
        fix=lambda place: place.set("directory", expected_addresses=["192.0.2.0/24", "127.0.0.1"]),
        check=connections,
    ),
    Mistake(
        name="no address is expected",
        plant=watch,
        level=Level.WARN,
        subject="service connections",
        message=["not compared"],
        hint=['directory.expected_addresses = ["127.0.0.1"]'],
        fix=lambda place: place.set("directory", expected_addresses=["127.0.0.1"]),
        check=connections,
    ),
    Mistake(
        name="a server shows no change numbers",
        plant=lambda place: place.set("directory", read_servers=[place.server.url.replace("127.0.0.1", "localhost")]),
        level=Level.WARN,
        subject="replication",
        message=["change numbers", "can't be read"],
        hint=["syncprov on each server"],
        fix=lambda place: place.add(
            f"olcOverlay=syncprov,{DATABASE}",
            objectClass=["olcOverlayConfig", "olcSyncProvConfig"],
            olcOverlay="syncprov",
        ),
        check=lambda place: check_servers(place.settings),
    ),
    Mistake(
        name="the product is hidden",
        plant=lambda place: place.put_rule(
            'to dn.base="" attrs=objectClass by * none', "olcDatabase={-1}frontend,cn=config"
        ),
        level=Level.WARN,
        subject="product",
        message=["does not name its product"],
        hint=['olcAccess: to dn.base="" by * read'],
        fix=lambda place: place.put_rule('to dn.base="" by * read', "olcDatabase={-1}frontend,cn=config"),
        check=lambda place: check_servers(place.settings),
    ),
    Mistake(
        name="the schema is hidden",
        plant=lambda place: place.put_rule(
            'to dn.base="cn=subschema" by * none', "olcDatabase={-1}frontend,cn=config"
        ),
        level=Level.WARN,
        subject="schema",
        message=["can't be read"],
        hint=["let the service account read cn=subschema"],
        fix=lambda place: place.put_rule(
            f'to dn.base="cn=subschema" by dn.exact="{GATEWAY}" read', "olcDatabase={-1}frontend,cn=config"
        ),
        check=lambda place: check_servers(place.settings),
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
