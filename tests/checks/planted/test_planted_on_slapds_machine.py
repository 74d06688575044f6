"""Mistakes that are found as root on slapd's machine, or among people, each planted in a real slapd."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ldap
import pytest

from gateway.checks import birth_dates
from gateway.checks.finding import Level
from gateway.checks.protected import check_protected
from gateway.checks.second_factor import check_second_factor
from gateway.checks.secret_attributes import check_secrets
from gateway.checks.servers import check_servers
from tests.support.planted_directory import DATABASE, DEFAULT_POLICY, GATEWAY, PlantedDirectory
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.slapd_server import QUICK_HASH, SUFFIX, SlapdServer

ROOT = "gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth"
LOG = "cn=accesslog"
ADMINS = f"cn=admins,ou=groups,{SUFFIX}"
FILTER = "(&(objectClass=mamiaPerson)(!(employeeType=retraite)))"
CLOSING = "to attrs=pwdHistory,pwdReset by * none"


class LocalPlace(PlantedDirectory):
    """slapd of this machine, which lets root read its configuration, as Debian's does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        socket = f"ldapi://{str(folder / 'i').replace('/', '%2F')}"
        server = SlapdServer(folder / "slapd", more_urls=(socket,), hash_cost=QUICK_HASH)
        for login in ("fdurand4", "mpetit"):
            server.add_person(login, mail=f"{login}@ac-example.fr")
        super().__init__(server, ["accesslog"], directory={"servers": [socket]})
        self.put_rule(f'to * by dn.exact="{ROOT}" manage by * break', "olcDatabase={0}config,cn=config")
        rules = self.rules()
        # What a directory lets everybody read, as Debian's does.
        self.change(DATABASE, olcAccess=[*rules[:-1], "to * by * read"])
        self.__dict__["_config"] = self._dump("cn=config")

    def rules(self) -> list[str]:
        rules = [value.decode() for value in self._dump(DATABASE)[DATABASE]["olcAccess"]]
        return [rule.partition("}")[2] for rule in rules]

    def without_rule(self, begin: str) -> None:
        self.change(DATABASE, olcAccess=[rule for rule in self.rules() if not rule.startswith(begin)])


class UnrestoredPlace(LocalPlace):
    """It is thrown away after one mistake."""

    def restore(self) -> None:
        """Leave everything as it is."""


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory(prefix="pl-") as name:
        made = LocalPlace(Path(name))
        yield made
        made.server.slapd.stop()


@pytest.fixture(autouse=True)
def no_time_is_short(monkeypatch):
    """A busy machine may need longer to ask for all birth dates."""
    monkeypatch.setattr(birth_dates, "MAX_SECONDS", 60)


def servers(place):
    return check_servers(place.settings)


def secrets(place):
    return check_secrets(place.settings)


def log_of_changes(place):
    """As an academy adds it for its replicas, with a rule of the main database."""
    folder = place.folder / "log"
    folder.mkdir(exist_ok=True)
    place.add(
        "olcDatabase={2}mdb,cn=config", objectClass=["olcDatabaseConfig", "olcMdbConfig"], olcDatabase="{2}mdb",
        olcSuffix=LOG, olcRootDN=LOG, olcDbDirectory=str(folder), olcAccess="to * by users read",
    )  # fmt: skip
    place.add(
        f"olcOverlay=accesslog,{DATABASE}", objectClass=["olcOverlayConfig", "olcAccessLogConfig"],
        olcOverlay="accesslog", olcAccessLogDB=LOG, olcAccessLogOps="writes",
    )  # fmt: skip
    place.server.set("mpetit", "description", "a change")


def person(login, attribute, wrong, right, **expected):
    return Mistake(
        plant=lambda place: place.server.set(login, attribute, wrong),
        fix=lambda place: place.server.set(login, attribute, right),
        check=servers,
        **expected,
    )


def small_database(place):
    data = Path(place._dump(DATABASE)[DATABASE]["olcDbDirectory"][0].decode().strip('"')) / "data.mdb"
    place.change(DATABASE, olcDbMaxSize=str(int(data.stat().st_size * 1.2)))
    # slapd 2.6 answers nothing but "other" for a database whose size was changed, until it starts again.
    place.server.restart()


def large_database(place):
    place.change(DATABASE, olcDbMaxSize="1073741824")
    place.server.restart()


def filter_without_right(place):
    place.server.set("mpetit", "employeeType", "titulaire")
    place.set("people", filter=FILTER)


def administrators_by_member_of(place):
    place.add(ADMINS, objectClass="groupOfNames", cn="admins", member=place.server.dn("mpetit"))
    place.set("people", protected_filter=f"(memberOf={ADMINS})")


def codes_to_the_professional_mailbox(place):
    place.set("people", private_mail="mail")
    place.set("notifications", spool="/nowhere")
    place.set("second_factor", methods=["mail"])


def give_right(place):
    place.put_rule(f'to attrs=employeeType by dn.exact="{GATEWAY}" read by * break')


MISTAKES: tuple[Mistake[LocalPlace], ...] = (
    Mistake(
        name="olcLogLevel -1",
        plant=lambda place: place.change("cn=config", olcLogLevel="-1"),
        subject=": log",
        message=["every password", "in plain text"],
        hint=["olcLogLevel: stats in cn=config", "delete the logs"],
        fix=lambda place: place.change("cn=config", olcLogLevel="stats"),
        check=servers,
    ),
    Mistake(
        name="a database that is nearly full",
        plant=small_database,
        level=Level.WARN,
        subject="size of the database",
        message=["olcDbMaxSize", "refuses every change"],
        hint=["olcDbMaxSize: 1073741824 in olcDatabase={1}mdb,cn=config"],
        fix=large_database,
        check=servers,
    ),
    Mistake(
        name="old hashes are open, before anybody has one",
        plant=lambda place: place.without_rule("to attrs=pwdHistory"),
        subject="secrets",
        message=["anybody can read or search by", "pwdHistory"],
        hint=["30-access.ldif"],
        fix=lambda place: place.put_rule(CLOSING),
        check=secrets,
    ),
    person(
        "mpetit",
        "birthDate",
        "27031985",
        "19850327",
        name="a birth date in another form than most",
        level=Level.WARN,
        subject="birth dates",
        message=["1 of 2 people", "uid=mpetit"],
        hint=["correct birthDate of these entries"],
    ),
    person(
        "mpetit",
        "numen",
        "NEANT",
        None,
        name="a word in the place of a number",
        subject="numbers of numen",
        message=["NEANT", "takes over the account", "uid=mpetit"],
        hint=["delete that value", "(numen=NEANT)"],
    ),
    Mistake(
        name="a person of another tool, without our class",
        plant=lambda place: place.server.add_person(
            "new", objectClass=["inetOrgPerson"], birthDate=None, numen=None, mail="new@ac-example.fr"
        ),
        level=Level.WARN,
        subject="people without our class",
        message=["1 entries", "uid=new"],
        hint=["--add-class"],
        fix=lambda place: place.change_values(ldap.MOD_ADD, place.server.dn("new"), objectClass="mamiaPerson"),
        check=servers,
    ),
    Mistake(
        name="a filter by what the gateway may not search by",
        plant=filter_without_right,
        subject=": people",
        message=["matches nobody", "may not search by employeeType"],
        hint=["add employeeType to the rule on attrs=objectClass,uid"],
        fix=give_right,
        check=servers,
    ),
    Mistake(
        name="a module for passwords that slapd does not have",
        plant=lambda place: place.change(
            DEFAULT_POLICY, objectClass=["device", "pwdPolicy", "pwdPolicyChecker"], pwdCheckModule="pqchecker.so"
        ),
        level=Level.WARN,
        subject=DEFAULT_POLICY,
        message=["pwdCheckModule is pqchecker.so", "refuses every new password"],
        hint=["delete pwdCheckModule and the object class pwdPolicyChecker"],
        fix=lambda place: place.change(DEFAULT_POLICY, objectClass=["device", "pwdPolicy"], pwdCheckModule=None),
        check=servers,
    ),
    Mistake(
        name="the default policy as the one for initial passwords",
        plant=lambda place: place.set("reset", mode="initial", initial_policy=DEFAULT_POLICY),
        subject="reset.initial_policy",
        message=["has a history of 5"],
        hint=["cn=initial of 60-policies.ldif"],
        fix=lambda place: place.set("reset", initial_policy=f"cn=initial,ou=policies,{SUFFIX}"),
        check=servers,
    ),
    Mistake(
        name="administrators by memberOf, without its overlay",
        plant=administrators_by_member_of,
        subject="protected people",
        message=["does not know memberOf"],
        hint=["people.protected_groups with the DNs of these groups"],
        fix=lambda place: place.set(
            "people", protected_filter="", protected_groups=[f"cn=protected,ou=groups,{SUFFIX}"]
        ),
        check=lambda place: check_protected(place.settings),
    ),
    Mistake(
        name="codes to the professional mailbox",
        plant=codes_to_the_professional_mailbox,
        subject="second_factor.methods",
        message=["cannot open that mailbox"],
        hint=['people.private_mail = "privateMail"'],
        fix=lambda place: place.set("people", private_mail="privateMail"),
        check=lambda place: check_second_factor(place.settings),
    ),
)

READABLE_LOG: Mistake[LocalPlace] = Mistake(
    name="everybody reads the log of changes",
    plant=log_of_changes,
    subject="log of changes",
    message=["everybody who can log in can read cn=accesslog"],
    hint=["whose olcSuffix is cn=accesslog", "read by * none"],
    fix=lambda place: place.change(
        "olcDatabase={2}mdb,cn=config", olcAccess=f'to * by dn.exact="cn=replica,{SUFFIX}" read by * none'
    ),
    check=secrets,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_everybody_reads_the_log_of_changes_then_it_is_found():
    """In a directory of its own: slapd 2.5 ends when that overlay is deleted."""
    with tempfile.TemporaryDirectory(prefix="pl-") as name:
        made = UnrestoredPlace(Path(name))
        try:
            prove(READABLE_LOG, made)
        finally:
            made.server.slapd.stop()


def test_when_everything_is_well_then_nothing_is_found_on_slapds_machine(place):
    found = [one for one in problems([*servers(place), *secrets(place)]) if "oracle" not in one.subject]

    assert [one.subject for one in found if "log" in one.subject or "size" in one.subject] == []
