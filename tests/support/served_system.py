"""A booted Debian in which the package was installed and set up by the commands of docs/install.md."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import tomlkit

from gateway.cli.exit_codes import ExitCode
from gateway.demo.private_slapd import ldif_folder
from tests.support.booted_system import ENVIRONMENT, BootedSystem, booted
from tests.support.built_packages import built_package
from tests.support.certificates import make_certificates
from tests.support.debian_root import FOLDER, bare_root
from tests.support.debian_slapd import PEOPLE
from tests.support.dialogue import run_at_terminal
from tests.support.installed_program import page_commands
from tests.support.plain_slapd import PASSWORD
from tests.support.polling import wait_until
from tests.support.site_visitor import SiteVisitor

SITE = "mon-compte.ac-mine.fr"
SUFFIX = "dc=ac-mine,dc=fr"
PACKAGE_ON_PAGE = "mamia_1.0.0-1~deb13_amd64.deb"
SECTIONS = ("## 1. Install the package", "## 2. Set it up", "## 3. Put nginx before it")
ADMIN_PASSWORD = "Annuaire-2031"
SETTINGS = "/etc/mamia/mamia.toml"
SAVED = "Mot de passe modifié"
LOGIN = "fdurand"
WORKSTATION_FILTER = "(objectClass=sambaSamAccount)"
PERSON = f"uid={LOGIN},ou=people,{SUFFIX}"
SLAPD = f"""
export DEBIAN_FRONTEND=noninteractive
debconf-set-selections <<END
slapd slapd/domain string ac-mine.fr
slapd shared/organization string Académie
slapd slapd/password1 password {ADMIN_PASSWORD}
slapd slapd/password2 password {ADMIN_PASSWORD}
END
apt-get update -qq && apt-get install -y -qq slapd ldap-utils
"""


@contextmanager
def bare_system(suite: str, folder: Path) -> Iterator[BootedSystem]:
    """Boot a bare Debian with a directory that has people, a certificate, and the package's file in root's home.

    `folder` gets the authority of the certificate, ca.pem.
    """
    # One test's system may still run while another one boots: each has a disk of its own.
    one = BootedSystem([bare_root(suite)], FOLDER / f"{folder.name}-{suite}")
    with booted(one):
        with_network(one, SLAPD, typed="")
        fill_directory(one)
        made = make_certificates(folder, SITE, "127.0.0.1")
        one.write(f"/etc/ssl/certs/{SITE}.pem", Path(made.certificate).read_text())
        one.write(f"/etc/ssl/private/{SITE}.key", Path(made.key).read_text(), mode=0o600)
        rows = [";".join((login, name, given, born, number)) for login, given, name, born, number in PEOPLE]
        one.write(
            "/root/staff.csv", "\n".join(["login;surname;given_name;birth_date;numen", *map(dated, rows)]) + "\n"
        )
        package = built_package(suite)
        (one.root / "root" / package.name).write_bytes(package.read_bytes())
        yield one


def with_network(system: BootedSystem, script: str, typed: str) -> None:
    """Run a script inside that reaches Debian's mirrors as this machine does; services keep their own network."""
    leader = system.enter()[2]
    inside = ["nsenter", "--target", leader, "--mount", "--uts", "--ipc", "--pid", "--root", "--wdns=/root", "--"]
    done = subprocess.run(
        [*inside, "bash", "-c", script], input=typed, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def dated(row: str) -> str:
    """The row with its date as the staff office writes it."""
    login, surname, given_name, born, number = row.split(";")
    return ";".join((login, surname, given_name, f"{born[6:]}/{born[4:6]}/{born[:4]}", number))


def fill_directory(system: BootedSystem) -> None:
    """Staff as an academy's directory has them, one of them with an account in an NT domain."""
    schema = (ldif_folder() / "schema/samba.ldif").read_text()
    system.run("ldapadd", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", text=schema)
    entries = [f"dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n"]
    entries += [
        f"dn: uid={login},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: sambaSamAccount\n"
        f"uid: {login}\ncn: {given_name} {surname}\nsn: {surname}\ngivenName: {given_name}\n"
        f"mail: {login}@ac-mine.fr\nsambaSID: S-1-5-21-1-2-3-{1000 + number}\nuserPassword: {PASSWORD}\n"
        for number, (login, given_name, surname, *_) in enumerate(PEOPLE)
    ]
    system.write("/root/.admin", ADMIN_PASSWORD, mode=0o600)
    command = ["ldapadd", "-x", "-H", "ldapi:///", "-D", f"cn=admin,{SUFFIX}", "-y", "/root/.admin"]
    system.run(*command, text="\n".join(entries))
    system.run("rm", "/root/.admin")


def follow_install_page(system: BootedSystem, suite: str) -> tuple[int, float]:
    """Run the page's commands, and return how many they are and how long they took."""
    answers = {
        "[Pp]assword of cn=admin": ADMIN_PASSWORD,
        "Phone number": "01 02 03 04 05",
        "Names of the site": SITE,
        "people with a workstation": WORKSTATION_FILTER,
        "Filter of the people who get it": "(objectClass=inetOrgPerson)",
        "Apply it now": "yes",
    }
    commands = [command for section in SECTIONS for command in page_commands(section=section)]
    assert any(PACKAGE_ON_PAGE in command for command in commands)
    began = time.monotonic()
    for command in commands:
        command = command.replace(PACKAGE_ON_PAGE, shlex.quote(built_package(suite).name))
        started = time.monotonic()
        if command.startswith("apt-get"):
            with_network(system, command, typed="y\n")
        else:
            run = run_at_terminal([*system.enter(), "sh", "-c", command], answers, ENVIRONMENT)
            # The first `mamia setup` ends with what waits for the listener.
            waits = command == "mamia setup" and run.status == ExitCode.PROBLEM and run.output.count("Missing:") == 1
            assert run.status == 0 or waits, f"{command}: {run.status}: {run.output[-4000:]}"
            assert ADMIN_PASSWORD not in run.output
        sys.stdout.write(f"{suite}: {time.monotonic() - started:5.1f} s  {command}\n")
    return len(commands), time.monotonic() - began


def binds(system: BootedSystem, password: str) -> bool:
    """Return whether that is the password of PERSON."""
    system.write("/root/.bind", password, mode=0o600)
    command = ["ldapwhoami", "-x", "-H", "ldapi:///", "-D", PERSON, "-y", "/root/.bind"]
    return system.run(*command, check=False).returncode == 0


def workstation_hash(system: BootedSystem) -> str:
    """Return the NT hash of PERSON."""
    line = "slapcat -o ldif-wrap=no -a '(uid=fdurand)' | sed -n 's/^sambaNTPassword: //p'"
    return system.shell(line).stdout.strip()


@dataclass
class ServedSystem:
    """A booted system whose service works; PERSON's password is `password`."""

    system: BootedSystem
    visitor: SiteVisitor
    password: str = PASSWORD

    def change(self, new: str) -> None:
        """Change PERSON's password at the site."""
        with self.system.network():
            page = self.visitor.change(LOGIN, self.password, new)
        assert SAVED in page.main, page.main
        assert binds(self.system, new)
        self.password = new

    def set_elsewhere(self, new: str) -> None:
        """Set PERSON's password as an administrator does, with slapd's own command."""
        for file, text in (("/root/.admin", ADMIN_PASSWORD), ("/root/.new", new)):
            self.system.write(file, text, mode=0o600)
        files = ["-y", "/root/.admin", "-T", "/root/.new"]
        self.system.run("ldappasswd", "-x", "-H", "ldapi:///", "-D", f"cn=admin,{SUFFIX}", *files, PERSON)
        self.system.run("rm", "/root/.new")
        self.password = new

    def refuse(self, new: str) -> str:
        """Return the page that refuses a new password; PERSON's stays."""
        with self.system.network():
            page = self.visitor.change(LOGIN, self.password, new)
        assert SAVED not in page.main, page.main
        assert binds(self.system, self.password)
        return page.main

    def status_of(self, path: str) -> int:
        with self.system.network():
            return self.visitor.status_of(path)

    def text_of(self, path: str) -> str:
        with self.system.network():
            return str(self.visitor.get(path).text)

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.status_of("/health/ready") == HTTPStatus.OK)

    def workers(self) -> set[str]:
        """Return the processes that answer people."""
        main = self.system.property("mamia.service", "MainPID")
        return set(self.system.run("pgrep", "--parent", main).stdout.split())

    def restart(self, *units: str) -> None:
        """Restart units, however often a test has done so, and wait until people are served."""
        self.system.run("systemctl", "reset-failed", *units)
        done = self.system.run("systemctl", "restart", *units, check=False)
        assert done.returncode == 0, [self.system.status(unit) for unit in units]
        self.wait_until_ready()

    @contextmanager
    def settings(self, restart: Sequence[str] = (), **sections: Mapping[str, object]) -> Iterator[None]:
        """Write settings into mamia.toml for the block, `settings(web={"port": 8081})`, and restart units.

        Without `restart` the test says when the service reads them; after the block it does in any case.
        """
        try:
            with self.written(**sections):
                if restart:
                    self.restart(*restart)
                yield
        finally:
            if restart:
                self.restart(*restart)
            else:
                self.system.run("systemctl", "reload", "mamia.service")

    @contextmanager
    def written(self, **sections: Mapping[str, object]) -> Iterator[None]:
        """Write settings into mamia.toml for the block; no service is told."""
        before = self.system.read(SETTINGS)
        self.write(**sections)
        try:
            yield
        finally:
            self._settings_file.write_text(before)

    def write(self, **sections: Mapping[str, object]) -> None:
        """Write settings into mamia.toml for good, into the same file: its owner and mode stay."""
        document = tomlkit.parse(self.system.read(SETTINGS))
        for section, values in sections.items():
            document.setdefault(section, tomlkit.table()).update(values)
        self._settings_file.write_text(tomlkit.dumps(document))

    @property
    def _settings_file(self) -> Path:
        return self.system.root / SETTINGS.lstrip("/")


@contextmanager
def served_system(suite: str, folder: Path) -> Iterator[ServedSystem]:
    """Boot a bare Debian, follow the page, and wait until people are served. `folder` gets certificates."""
    with bare_system(suite, folder) as system:
        follow_install_page(system, suite)
        one = ServedSystem(system, SiteVisitor("https://127.0.0.1", SITE, str(folder / "ca.pem")))
        # Tests send more forms than a person does.
        wide = dict.fromkeys(
            ("per_login", "per_login_reset", "per_proof", "per_person", "per_address"), "1000/minute"
        )
        one.write(rate_limits=wide)
        one.restart("mamia.service")
        yield one
