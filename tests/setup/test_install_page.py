"""The commands of docs/install.md, on directories as academies have them: from slapd with people to a workstation."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.cli.commented_settings import commented_settings
from gateway.demo.private_slapd import ldif_folder
from gateway.targets.samba_nt import nt_hash
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.debian_slapd import PEOPLE, DebianSlapd
from tests.support.installed_program import InstalledProgram, page_commands
from tests.support.plain_slapd import NUMEN, PASSWORD, PlainSlapd
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.proxied_people import People
from tests.support.redis_server import RedisServer
from tests.support.supann_slapd import SupannSlapd
from tests.support.two_suffixes import TwoSuffixes

MAX_COMMANDS = 6
MAX_SECONDS = 600
SITE = "mon-compte.ac-mine.fr"
SUFFIX = "dc=ac-mine,dc=fr"
"""As the page writes it; the administrator puts the directory's own in its place."""
SAMBA = "(objectClass=sambaSamAccount)"
HEAD = "login;surname;given_name;birth_date;numen\n"


class Academy:
    """One directory whose people have accounts in an NT domain, and the person whom the test is about."""

    def __init__(self, server: PlainSlapd, login: str, uid: str, numen: str, birth_date: str, names: str) -> None:
        self.server, self.login, self.numen, self.birth_date = server, login, numen, birth_date
        self.surname, self.given_name = names.split()
        self.dn = server.dn(uid)  # type: ignore[attr-defined]
        server.load_configuration((ldif_folder() / "schema/samba.ldif").read_text())
        server.load(
            f"dn: {self.dn}\nchangetype: modify\nadd: objectClass\nobjectClass: sambaSamAccount\n-\n"
            "add: sambaSID\nsambaSID: S-1-5-21-1-2-3-1000\n"
        )


def debian(folder: Path) -> Academy:
    return Academy(DebianSlapd(folder), "fdurand", "fdurand", NUMEN, "27/03/1985", "Durand François")


def two_suffixes(folder: Path) -> Academy:
    return Academy(TwoSuffixes(folder), "fdurand", "fdurand", NUMEN, "27/03/1985", "Durand François")


def supann(folder: Path) -> Academy:
    return Academy(SupannSlapd(folder), "smoreau01", "p4711", NUMEN, "15/06/1980", "Moreau Sophie")


@pytest.mark.parametrize("kind", [debian, supann, two_suffixes])
def test_when_the_page_is_followed_then_people_are_served(kind, folder, store, program):
    academy = kind(folder / "d")
    try:
        follow(academy, store, program)
    finally:
        academy.server.stop()


def follow(academy: Academy, store: RedisServer, program: InstalledProgram) -> None:
    server, port = academy.server, free_port()
    (program.root / "run/slapd/ldapi").symlink_to(server.socket)
    rows = [";".join((login, surname, given, born, number)) for login, given, surname, born, number in PEOPLE]
    own = f"{academy.login};{academy.surname};{academy.given_name};{academy.birth_date};{academy.numen}"
    is_debian = isinstance(server, DebianSlapd)
    others = [row for row in rows if not row.startswith(academy.login)] if is_debian else []
    (program.root / "staff.csv").write_text(HEAD + "\n".join([own, *map(written_date, others)]) + "\n")
    # What the package leaves: comments, and no setting.
    program.config.write_text(commented_settings())
    password = server.slapd.password("admin")
    answers = {
        "[Pp]assword of cn=admin": password,
        "Phone number": "01 02 03 04 05",
        "Names of the site": SITE,
        "Port at which": str(port),
        "Store of counts": store.url,
        "people with a workstation": SAMBA,
        "Filter of the people who get it": "(objectClass=inetOrgPerson)" if is_debian else "",
        "Apply it now": "yes",
    }
    commands = [command.replace(SUFFIX, server.suffix) for command in page_commands()]
    began = time.monotonic()
    runs = [program.run(command, answers) for command in commands]
    people = People(port, SITE)
    wait_until(people.is_served, 60)
    seconds = time.monotonic() - began
    sys.stdout.write(f"{type(server).__name__}: {len(commands)} commands, {seconds:.1f} s of this machine\n")
    assert len(commands) <= MAX_COMMANDS
    assert seconds < MAX_SECONDS
    assert [run.status for run in runs[1:]] == [0] * (len(runs) - 1), "".join(run.output for run in runs[1:])
    assert password not in "".join(run.output for run in runs)
    assert program.config.read_text().startswith(commented_settings())
    assert "Go through them again" not in runs[0].output
    use(people, academy)


def written_date(row: str) -> str:
    """The row with its date as the staff office writes it."""
    parts = row.split(";")
    parts[3] = f"{parts[3][6:]}/{parts[3][4:6]}/{parts[3][:4]}"
    return ";".join(parts)


def use(people: People, academy: Academy) -> None:
    """Find, reset and change over HTTP; the NT domain of the directory takes each new password."""
    names = {"surname": academy.surname, "given_name": academy.given_name, "birth_date": academy.birth_date}
    found = people.fill_in(FIND, names)
    assert academy.login in found.text, found.text
    proof = {"login": academy.login, "proof": academy.numen, "birth_date": academy.birth_date}
    chosen = {"new_password": "Nouveau-2031!x", "confirmation": "Nouveau-2031!x"}
    people.fill_in(RESET, proof, chosen)
    assert academy.server.binds(academy.dn, "Nouveau-2031!x")
    assert not academy.server.binds(academy.dn, PASSWORD)
    next_one = {"new_password": "Encore-2032!y", "confirmation": "Encore-2032!y"}
    people.fill_in(CHANGE, {"login": academy.login, "current_password": "Nouveau-2031!x", **next_one})
    assert academy.server.binds(academy.dn, "Encore-2032!y")
    [hashed] = academy.server.read(academy.dn)["sambaNTPassword"]
    assert hashed.lower() == nt_hash(Secret("Encore-2032!y")).lower()
