"""Mistakes in what the settings say about people, in indices and in limits, each planted in a real slapd."""

from __future__ import annotations

import ldap
import pytest

from gateway.checks.finding import Level
from gateway.checks.inline_targets import check_inline_targets
from gateway.checks.servers import check_servers
from tests.support.planted_directory import DATABASE, DECOY, GATEWAY
from tests.support.planted_mistakes import Mistake, prove
from tests.support.slapd_server import PEOPLE, SUFFIX

TARGET = {"poste": {"type": "samba_nt"}}
OWN_DATE = f'to dn.subtree="{PEOPLE}" attrs=roomNumber by dn.exact="{GATEWAY}" =scx by * none'


def servers(place):
    return check_servers(place.settings)


def inline_targets(place):
    return check_inline_targets(place.settings)


def setting(section, key, wrong, right, *, level=Level.WARN, subject, message, hint, before=None):
    """A setting that is wrong, and the one that the hint names."""

    def plant(place):
        if before:
            before(place)
        place.set(section, **{key: wrong})

    return Mistake(
        name=f"{section}.{key} = {wrong}",
        plant=plant,
        level=level,
        subject=subject,
        message=message,
        hint=[hint],
        fix=lambda place: place.set(section, **{key: right}),
        check=servers,
    )


def index(value):
    """An index that is missing in a small directory."""
    return Mistake(
        name=f"no index {value}",
        plant=lambda place: place.change_values(ldap.MOD_DELETE, DATABASE, olcDbIndex=value),
        level=Level.WARN,
        subject="indices",
        message=[value],
        hint=[f"add to {DATABASE}: olcDbIndex: {value}", "20-indices.ldif"],
        fix=lambda place: place.change_values(ldap.MOD_ADD, DATABASE, olcDbIndex=value),
        check=servers,
    )


def people_of_another_class(place):
    for login in ("fdurand4", "mpetit"):
        place.delete(place.server.dn(login))
    add_without_class(place, "fdurand4")


def add_without_class(place, login):
    place.server.add_person(login, objectClass=["inetOrgPerson"], birthDate=None, numen=None)


def nobody_at_all(place):
    for login in ("fdurand4", "mpetit"):
        place.delete(place.server.dn(login))


def same_login(place):
    place.add(f"ou=annex,{PEOPLE}", objectClass="organizationalUnit", ou="annex")
    place.add(
        f"cn=other,ou=annex,{PEOPLE}",
        objectClass=["inetOrgPerson", "mamiaPerson"], cn="other", sn="Durand", uid="fdurand4", birthDate="19850327",
    )  # fmt: skip


def room_holds_dates(place, form="27/03/1985"):
    """Another attribute has the birth date, in a form of the academy's own."""
    place.put_rule(OWN_DATE)
    place.change(place.server.dn("fdurand4"), roomNumber=form)
    place.change(DECOY, objectClass=["organizationalRole", "simpleSecurityObject", "mamiaPerson", "extensibleObject"])
    place.change(DECOY, roomNumber="00/00/0000")
    place.change_values(ldap.MOD_ADD, DATABASE, olcDbIndex="roomNumber eq")
    place.put_rule(f'to dn.exact="{DECOY}" attrs=roomNumber by dn.exact="{GATEWAY}" =c by * none')
    place.set("people", birth_date="roomNumber")


MISTAKES = (
    setting(
        "people",
        "base",
        f"ou=persons,{SUFFIX}",
        PEOPLE,
        level=Level.FAIL,
        subject=": people",
        message=["does not exist", SUFFIX],
        hint="people.base",
    ),
    setting(
        "people",
        "base",
        "ou=people,dc=ac-exemple,dc=fr",
        PEOPLE,
        level=Level.FAIL,
        subject=": people",
        message=["does not exist", f"suffixes are: {SUFFIX}"],
        hint="people.base",
    ),
    setting(
        "people",
        "filter",
        "(objectClass=supannPerson)",
        "(objectClass=mamiaPerson)",
        level=Level.FAIL,
        subject=": people",
        message=["matches nobody", "mamiaPerson"],
        hint='people.filter = "(objectClass=mamiaPerson)"',
    ),
    setting(
        "people",
        "filter",
        "(employeeType=staff)",
        "(objectClass=mamiaPerson)",
        level=Level.FAIL,
        subject=": people",
        message=["matches nobody"],
        hint='people.filter = "(objectClass=mamiaPerson)"',
    ),
    Mistake(
        name="people without our class",
        plant=people_of_another_class,
        subject=": people",
        message=["(objectClass=mamiaPerson) matches nobody", "inetOrgPerson"],
        hint=["add the object class mamiaPerson to them (mamia people import)"],
        fix=lambda place: place.change(place.server.dn("fdurand4"), objectClass=["inetOrgPerson", "mamiaPerson"]),
        check=servers,
    ),
    Mistake(
        name="nobody is there",
        plant=nobody_at_all,
        subject=": people",
        message=["nobody else is there either"],
        hint=["add people (mamia people import)"],
        fix=lambda place: place.server.add_person("fdurand4"),
        check=servers,
    ),
    Mistake(
        name="two people share a login",
        plant=same_login,
        level=Level.WARN,
        subject="unique uid",
        message=["fdurand4: ", f"cn=other,ou=annex,{PEOPLE}"],
        hint=["give each entry a uid of its own"],
        fix=lambda place: place.change(f"cn=other,ou=annex,{PEOPLE}", uid="fdurand5"),
        check=servers,
    ),
    Mistake(
        name="two people share a mail address",
        plant=lambda place: place.change(place.server.dn("mpetit"), mail="FDURAND4@ac-example.fr"),
        level=Level.WARN,
        subject="unique mail",
        message=["fdurand4@ac-example.fr"],
        hint=["give each entry a mail of its own"],
        fix=lambda place: place.change(place.server.dn("mpetit"), mail="mpetit@ac-example.fr"),
        check=servers,
    ),
    Mistake(
        name="a shared mail address where it is a login",
        plant=lambda place: place.change(place.server.dn("mpetit"), mail="fdurand4@ac-example.fr"),
        level=Level.WARN,
        subject="unique mail",
        message=["cannot use their mail address as login"],
        hint=["people.mail_as_login = false"],
        fix=lambda place: place.set("people", mail_as_login=False),
        check=servers,
    ),
    setting(
        "people",
        "birth_date_format",
        "%d%m%Y",
        "%Y%m%d",
        subject="birth dates",
        level=Level.FAIL,
        message=["the directory has %Y%m%d"],
        hint='people.birth_date_format = "%Y%m%d"',
    ),
    setting(
        "people",
        "birth_date_format",
        "%d/%m/%Y",
        "%Y%m%d",
        subject="birth dates",
        level=Level.FAIL,
        message=["the directory has %Y%m%d"],
        hint='people.birth_date_format = "%Y%m%d"',
    ),
    setting(
        "people",
        "birth_date_format",
        "%Y%m%d000000Z",
        "%Y%m%d",
        subject="birth dates",
        level=Level.FAIL,
        message=["the directory has %Y%m%d"],
        hint='people.birth_date_format = "%Y%m%d"',
    ),
    setting(
        "people",
        "birth_date_format",
        "%Y%m%d",
        "%d/%m/%Y",
        subject="birth dates",
        level=Level.FAIL,
        message=["the directory has %d/%m/%Y"],
        before=room_holds_dates,
        hint='people.birth_date_format = "%d/%m/%Y"',
    ),
    setting(
        "people",
        "birth_date_format",
        "%Y%m%d",
        "%Y-%m-%d",
        subject="birth dates",
        level=Level.FAIL,
        message=["the directory has %Y-%m-%d"],
        before=lambda place: room_holds_dates(place, "1985-03-27"),
        hint='people.birth_date_format = "%Y-%m-%d"',
    ),
    setting(
        "people",
        "proofs",
        {"numen": {"attribute": "numen", "prefix": "{NUMEN}"}},
        {"numen": {"attribute": "numen"}},
        subject="prefix of numen",
        message=["the decoy's number begins with ''"],
        hint='people.proofs.numen.prefix = ""',
    ),
    setting(
        "people",
        "proofs",
        {"numen": {"attribute": "numen", "prefix": "{NUMEN"}},
        {"numen": {"attribute": "numen", "prefix": "{NUMEN}"}},
        subject="prefix of numen",
        message=["brace"],
        hint='people.proofs.numen.prefix = "{NUMEN}"',
    ),
    setting(
        "people",
        "proofs",
        {"numen": {"attribute": "numen", "prefix": "{NUMEN} "}},
        {"numen": {"attribute": "numen", "prefix": "{NUMEN}"}},
        subject="prefix of numen",
        message=["begins or ends in a blank"],
        hint='people.proofs.numen.prefix = "{NUMEN}"',
        before=lambda place: place.change(DECOY, numen="{NUMEN}DECOY"),
    ),
    setting(
        "people",
        "proofs",
        {"numen": {"attribute": "numen"}},
        {"numen": {"attribute": "numen", "prefix": "{NUMEN}"}},
        subject="prefix of numen",
        message=["the decoy's number begins with '{NUMEN}'"],
        hint='people.proofs.numen.prefix = "{NUMEN}"',
        before=lambda place: place.change(DECOY, numen="{NUMEN}DECOY"),
    ),
    setting(
        "academy",
        "mail_domain",
        "ac-exemple.fr",
        "ac-example.fr",
        subject="mail domain",
        message=["nobody of 2 people"],
        hint='academy.mail_domain = "ac-example.fr"',
    ),
    setting(
        "people",
        "login",
        "userid",
        "uid",
        level=Level.FAIL,
        subject="schema",
        message=["userid is uid"],
        hint="write these names into [people]",
    ),
    setting(
        "people",
        "birth_name",
        "nomDeNaissance",
        "patronymicName",
        level=Level.FAIL,
        subject="schema",
        message=["does not know nomDeNaissance"],
        hint="correct the names in [people]",
    ),
    index("sn eq"),
    index("birthDate eq"),
    index("entryUUID eq"),
    index("uid eq"),
    index("mail eq"),
    Mistake(
        name="limits are missing",
        plant=lambda place: place.change(DATABASE, olcLimits=None),
        level=Level.WARN,
        subject="search limits",
        message=["people page by page"],
        hint=["olcLimits of 30-access.ldif"],
        fix=lambda place: place.restore(),
        check=servers,
    ),
    Mistake(
        name="limits are too small",
        plant=lambda place: place.change(
            DATABASE, olcLimits=f'{{0}}dn.exact="{GATEWAY}" size.soft=1 size.hard=1 size.prtotal=disabled'
        ),
        level=Level.WARN,
        subject="search limits",
        message=["only 1", "500"],
        hint=["size.soft=500 size.hard=500"],
        fix=lambda place: place.restore(),
        check=servers,
    ),
    Mistake(
        name="filter of workstations matches nobody",
        plant=lambda place: place.set("workstation", targets=TARGET, filter="(departmentNumber=siege)"),
        level=Level.WARN,
        subject="workstation.filter",
        message=["matches nobody"],
        hint=["workstation.filter: the people who have a workstation"],
        fix=lambda place: place.set("workstation", filter="(departmentNumber=rectorat)"),
        check=servers,
    ),
    Mistake(
        name="a workstation without an account in the same directory",
        plant=lambda place: place.set("workstation", targets=TARGET),
        level=Level.WARN,
        subject="workstation.targets.poste",
        message=["without an account there: 1"],
        hint=["a workstation.filter that also asks for (objectClass=sambasamaccount)"],
        fix=lambda place: place.set(
            "workstation", filter="(&(departmentNumber=rectorat)(objectClass=sambaSamAccount))"
        ),
        check=inline_targets,
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
