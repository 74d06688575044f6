"""Mistakes with files: secrets, keys, settings, audit, state folder. The processes' users are daemon and nobody."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from gateway.checks import sandbox
from gateway.checks.audit_destination import check_audit
from gateway.checks.finding import Level
from gateway.checks.keys import check_keys, check_secret_keys
from gateway.checks.private_files import check_private_files, check_settings_file
from gateway.checks.sandbox import check_sandbox
from gateway.checks.system import check_data_folder, check_state_folder
from gateway.protection.seal import make_key_pair
from tests.support.planted_machine import FOREIGN_USER, WORKERS_USER, PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove

UNITS = Path(__file__).parents[3] / "deploy" / "systemd"
SECRETS, AUDIT, KEYS = "files with secrets", "audit", "the worker's keys"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


class PlantedFiles(PlantedMachine):
    def audit(self, file="logs/audit.log", **values):
        self.set("audit", destination="file", file=self.folder / file, **values)

    def log_folder(self):
        self.give_processes_users()
        self.audit()
        return self.made("logs", mode=0o750, owner=FOREIGN_USER)

    def secret(self, mode=0o640, owner=f"root:{FOREIGN_USER}"):
        self.give_processes_users()
        self.set("web", secret_keys_file=self.file("keys", KEY, mode=mode, owner=owner))

    def worker(self, *, mode=0o640, owner="root:nogroup", private="one"):
        self.give_processes_users()
        for name in ("one", "two"):
            make_key_pair(self.folder / f"{name}.key", self.folder / f"{name}.pub")
            (self.folder / f"{name}.key").chmod(mode)
            self.run("chown", owner, self.folder / f"{name}.key")
        self.set(
            "workstation",
            targets={"poste": {"type": "samba_nt"}},
            public_key_file=self.folder / "one.pub",
            private_key_files=[self.folder / f"{private}.key"],
            bind_password_file=self.file("sync", mode=mode, owner=owner),
        )

    def units(self):
        """The units of this project are installed."""
        self.environment.setattr(sandbox, "FOLDER", self.made("units"))
        for name in ("mamia.service", "mamia-sync.service"):
            shutil.copy(UNITS / name, self.folder / "units" / name)
        self.set("directory", bind_password_file=Path("/etc/mamia/gateway.password"))
        self.set("audit", destination="file", file=Path("/var/log/mamia/audit.log"))

    def packaged_units(self):
        """The package brought the units; the administrator has nothing but what `systemctl edit` wrote."""
        self.units()
        self.environment.setattr(sandbox, "PACKAGED_FOLDER", self.folder / "units")
        self.environment.setattr(sandbox, "FOLDER", self.made("edited"))

    def override(self, line):
        self.file("units/mamia.service.d/override.conf", f"[Service]\n{line}\n", mode=0o644)

    def write_paths(self, path):
        self.override(f"ReadWritePaths={path}")

    def unreadable_settings(self):
        self.units()
        file = self.file("mamia.toml")
        self.override(f"User={FOREIGN_USER}\nEnvironment=MAMIA_CONFIG={file}")

    def socket(self, name="log", mode=0o666):
        path = self.folder / name
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(str(path))
        path.chmod(mode)
        self.later(listener.close)
        return path


def units(place):
    return check_sandbox(place.settings)


def data(place):
    return check_data_folder(place.folder / "data")


def secrets(place):
    return check_private_files(place.settings)


def settings(place):
    return check_settings_file(place.settings, place.folder / "mamia.toml")


def audit(place):
    return check_audit(place.settings)


def keys(place):
    return check_keys(place.settings)


def secret_keys(place):
    return check_secret_keys(place.settings)


def state(place):
    return check_state_folder(place.settings)


def run_hint(check):
    """Run the command that the first finding gives."""
    return lambda place: place.shell(problems(check(place))[0].hint)


def new_pair(place):
    (place.folder / "one.pub").unlink()
    make_key_pair(place.folder / "one.key", place.folder / "one.pub")


def syslog(place, path):
    place.set("audit", destination="syslog", syslog=str(path))


def audit_file(place, **values):
    place.log_folder()
    place.file("logs/audit.log", "{}", **values)


def small_audit(place):
    place.audit("disk/audit.log")
    place.small_disk("disk", "1m")


def nearly_full_audit(place):
    place.audit("disk/audit.log")
    place.small_disk("disk", "50m,nr_inodes=50000")


def no_inodes(place):
    place.audit("disk/audit.log")
    place.small_disk("disk", "400m,nr_inodes=20")


def enlarge(place):
    place.run("mount", "-o", "remount,size=400m,nr_inodes=30000", place.folder / "disk")


def state_folder(place, path):
    place.worker()
    place.set("workstation", state_folder=path)


def password(place, content):
    """The password's file, with what an editor makes of it."""
    place.set("directory", bind_password=None, bind_password_file=place.file("gateway", content))


def files_with_secrets(place):
    return check_private_files(place.settings)


MISTAKES = (
    Mistake(
        name="a byte order mark before a password",
        plant=lambda place: password(place, b"\xef\xbb\xbfsecret"),
        subject=SECRETS,
        message=["begins with a byte order mark"],
        hint=["sed -i '1s/^\\xef\\xbb\\xbf//' "],
        fix=lambda place: place.run("sed", "-i", r"1s/^\xef\xbb\xbf//", place.folder / "gateway"),
        check=files_with_secrets,
    ),
    Mistake(
        name="line ends of Windows in a file with a password",
        plant=lambda place: password(place, b"secret\r\n"),
        subject=SECRETS,
        message=["line ends of Windows"],
        hint=["sed -i 's/\\r$//' "],
        fix=lambda place: place.run("sed", "-i", r"s/\r$//", place.folder / "gateway"),
        check=files_with_secrets,
    ),
    Mistake(
        name="secret open to others",
        plant=lambda place: place.secret(mode=0o644),
        level=Level.WARN,
        subject=SECRETS,
        message=["may read or change"],
        hint=[f"chown root:{FOREIGN_USER}", "chmod 640"],
        fix=run_hint(secrets),
        check=secrets,
    ),
    Mistake(
        name="secret that the service cannot read",
        plant=lambda place: place.secret(mode=0o600, owner="root:root"),
        subject=SECRETS,
        message=[f"{FOREIGN_USER} can't read", "does not start"],
        hint=[f"chown root:{FOREIGN_USER}", "chmod 640"],
        fix=run_hint(secrets),
        check=secrets,
    ),
    Mistake(
        name="secret of another person",
        plant=lambda place: place.secret(owner=f"{WORKERS_USER}:{FOREIGN_USER}"),
        level=Level.WARN,
        subject=SECRETS,
        message=["who can replace it"],
        hint=[f"chown root:{FOREIGN_USER}"],
        fix=run_hint(secrets),
        check=secrets,
    ),
    Mistake(
        name="private key that the web service can read",
        plant=lambda place: place.worker(owner=f"root:{FOREIGN_USER}"),
        subject=SECRETS,
        message=[f"{FOREIGN_USER} may read", "one.key"],
        hint=["chmod 640"],
        fix=lambda place: [place.shell(one.hint) for one in problems(secrets(place))],
        check=secrets,
    ),
    Mistake(
        name="settings with a secret open to all",
        plant=lambda place: (place.set("web", secret_keys=[KEY]), place.file("mamia.toml", mode=0o644)),
        level=Level.WARN,
        subject="settings",
        message=["everybody on this machine may read", "web.secret_keys"],
        hint=["chmod 600"],
        fix=lambda place: place.shell(next(one for one in settings(place) if one.subject == "settings").hint),
        check=settings,
    ),
    Mistake(
        name="settings that all may change",
        plant=lambda place: place.file("mamia.toml", mode=0o662),
        subject="settings",
        message=["may change"],
        hint=["chmod o-w"],
        fix=lambda place: place.shell(next(one for one in settings(place) if one.subject == "settings").hint),
        check=settings,
    ),
    Mistake(
        name="secret in the environment",
        plant=lambda place: place.environment.setenv("MAMIA_DIRECTORY__BIND_PASSWORD", "secret"),
        level=Level.WARN,
        subject="secrets in the environment",
        message=["MAMIA_DIRECTORY__BIND_PASSWORD"],
        hint=["MAMIA_DIRECTORY__BIND_PASSWORD_FILE"],
        fix=lambda place: place.environment.delenv("MAMIA_DIRECTORY__BIND_PASSWORD"),
        check=settings,
    ),
    Mistake(
        name="one key twice",
        plant=lambda place: place.set("web", secret_keys=[KEY, KEY]),
        level=Level.WARN,
        subject="web.secret_keys",
        message=["twice"],
        hint=["delete the copy"],
        fix=lambda place: place.set("web", secret_keys=[KEY]),
        check=secret_keys,
    ),
    Mistake(
        name="too many keys",
        plant=lambda place: place.set("web", secret_keys=[f"{number}{KEY}" for number in range(6)]),
        level=Level.WARN,
        subject="web.secret_keys",
        message=["6 keys"],
        hint=["delete all but the first two"],
        fix=lambda place: place.set("web", secret_keys=[f"{number}{KEY}" for number in range(2)]),
        check=secret_keys,
    ),
    Mistake(
        name="keys that do not belong together",
        plant=lambda place: place.worker(mode=0o600, private="two"),
        subject=KEYS,
        message=["none of the private keys opens"],
        hint=["the .pub that mamia keygen made with the private key"],
        fix=lambda place: place.set("workstation", public_key_file=place.folder / "two.pub"),
        check=keys,
    ),
    Mistake(
        name="private key missing",
        plant=lambda place: (place.worker(mode=0o600), (place.folder / "one.key").unlink()),
        subject=KEYS,
        message=["one.key can't be read"],
        hint=["mamia keygen"],
        fix=new_pair,
        check=keys,
    ),
    Mistake(
        name="audit's folder missing",
        plant=lambda place: (place.give_processes_users(), place.audit()),
        subject=AUDIT,
        message=["is missing"],
        hint=[f"install -d -o {FOREIGN_USER}"],
        fix=run_hint(audit),
        check=audit,
    ),
    Mistake(
        name="audit's file of root",
        plant=lambda place: audit_file(place, mode=0o600, owner="root:root"),
        subject=AUDIT,
        message=[f"{FOREIGN_USER} can't write", "belongs to user root"],
        hint=[f"chown {FOREIGN_USER}:{FOREIGN_USER}", "chmod 600"],
        fix=run_hint(audit),
        check=audit,
    ),
    Mistake(
        name="audit's folder of root",
        plant=lambda place: (place.give_processes_users(), place.audit(), place.made("logs", mode=0o755)),
        subject=AUDIT,
        message=[f"{FOREIGN_USER} can't make"],
        hint=[f"install -o {FOREIGN_USER}"],
        fix=run_hint(audit),
        check=audit,
    ),
    Mistake(
        name="audit's folder closed",
        plant=lambda place: (place.log_folder(), place.run("chown", "root:root", place.folder / "logs")),
        subject=AUDIT,
        message=[f"{FOREIGN_USER} may not enter"],
        hint=[f"chown {FOREIGN_USER}"],
        fix=run_hint(audit),
        check=audit,
    ),
    Mistake(
        name="audit open to all",
        plant=lambda place: audit_file(place, mode=0o644, owner=FOREIGN_USER),
        level=Level.WARN,
        subject=AUDIT,
        message=["everybody on this machine may read"],
        hint=["chmod o-rwx"],
        fix=run_hint(audit),
        check=audit,
    ),
    Mistake(
        name="audit of another owner",
        plant=lambda place: audit_file(place, mode=0o660, owner=f"root:{FOREIGN_USER}"),
        level=Level.WARN,
        subject=AUDIT,
        message=["belongs to root"],
        hint=[f"chown {FOREIGN_USER}:{FOREIGN_USER}"],
        fix=run_hint(audit),
        check=audit,
    ),
    Mistake(
        name="audit is a folder",
        plant=lambda place: (place.log_folder(), place.made("logs/audit.log")),
        subject=AUDIT,
        message=["is no file"],
        hint=["the path of a file"],
        fix=lambda place: place.audit("logs/other.log"),
        check=audit,
    ),
    Mistake(
        name="audit's disk full",
        plant=small_audit,
        subject=AUDIT,
        message=["the disk is full"],
        hint=["enlarge it", "du -xh"],
        fix=enlarge,
        check=audit,
    ),
    Mistake(
        name="audit's disk nearly full",
        plant=nearly_full_audit,
        level=Level.WARN,
        subject=AUDIT,
        message=["the disk is nearly full", "when it is full"],
        hint=["enlarge it"],
        fix=enlarge,
        check=audit,
    ),
    Mistake(
        name="no inodes for the audit",
        plant=no_inodes,
        subject=AUDIT,
        message=["files are left"],
        hint=["du -x --inodes"],
        fix=enlarge,
        check=audit,
    ),
    Mistake(
        name="syslog missing",
        plant=lambda place: syslog(place, place.folder / "log"),
        subject=AUDIT,
        message=["there is no syslog"],
        hint=["apt install rsyslog"],
        fix=lambda place: place.socket(),
        check=audit,
    ),
    Mistake(
        name="syslog without a reader",
        plant=lambda place: (place.socket(), place._undo.pop()(), syslog(place, place.folder / "log")),
        subject=AUDIT,
        message=["no program reads"],
        hint=["systemctl start"],
        fix=lambda place: ((place.folder / "log").unlink(), place.socket()),
        check=audit,
    ),
    Mistake(
        name="syslog closed to the service",
        plant=lambda place: (place.give_processes_users(), syslog(place, place.socket(mode=0o600))),
        subject=AUDIT,
        message=[f"{FOREIGN_USER} may not write"],
        hint=["chmod 666"],
        fix=lambda place: (place.folder / "log").chmod(0o666),
        check=audit,
    ),
    Mistake(
        name="syslog without a port",
        plant=lambda place: syslog(place, "localhost"),
        subject=AUDIT,
        message=["neither a socket's path nor host:port"],
        hint=['"localhost:514"'],
        fix=lambda place: syslog(place, "localhost:514"),
        check=audit,
    ),
    Mistake(
        name="syslog's name unknown",
        plant=lambda place: syslog(place, "logs.invalid:514"),
        subject=AUDIT,
        message=["logs.invalid"],
        hint=["correct the name"],
        fix=lambda place: syslog(place, "localhost:514"),
        check=audit,
    ),
    Mistake(
        name="audit where the unit cannot write",
        plant=lambda place: (place.units(), place.set("audit", file=Path("/srv/logs/audit.log"))),
        subject="unit mamia.service",
        message=["/srv/logs/audit.log is on a read-only disk"],
        hint=["ReadWritePaths=/srv/logs"],
        fix=lambda place: place.write_paths("/srv/logs"),
        check=units,
    ),
    Mistake(
        name="audit where the package's unit cannot write",
        plant=lambda place: (place.packaged_units(), place.set("audit", file=Path("/srv/logs/audit.log"))),
        subject="unit mamia.service",
        message=["/srv/logs/audit.log is on a read-only disk"],
        hint=["ReadWritePaths=/srv/logs"],
        fix=lambda place: place.file(
            "edited/mamia.service.d/override.conf", "[Service]\nReadWritePaths=/srv/logs\n", mode=0o644
        ),
        check=units,
    ),
    Mistake(
        name="user of the unit missing",
        plant=lambda place: place.units(),
        subject="unit mamia.service",
        message=["its user mamia does not exist"],
        hint=["systemd-sysusers"],
        fix=lambda place: place.override(f"User={FOREIGN_USER}"),
        check=units,
    ),
    Mistake(
        name="program of the unit missing",
        plant=lambda place: (place.units(), place.override(f"ExecStart={place.folder}/mamia serve")),
        subject="unit mamia.service",
        message=["its program", "does not exist"],
        hint=["ExecStart="],
        fix=lambda place: place.file("mamia", mode=0o755),
        check=units,
    ),
    Mistake(
        name="settings that the unit's user cannot read",
        plant=lambda place: place.unreadable_settings(),
        subject="unit mamia.service",
        message=[f"{FOREIGN_USER} can't read its settings"],
        hint=["chown root:mamia-read", "chmod 640"],
        fix=lambda place: place.shell(
            f"chown root:{FOREIGN_USER} {place.folder}/mamia.toml && chmod 640 {place.folder}/mamia.toml"
        ),
        check=units,
    ),
    Mistake(
        name="spool where the unit cannot write",
        plant=lambda place: (place.units(), place.set("notifications", spool=Path("/srv/mails"))),
        subject="unit mamia.service",
        message=["/srv/mails is on a read-only disk"],
        hint=["/var/lib/mamia"],
        fix=lambda place: place.set("notifications", spool=Path("/var/lib/mamia/mails")),
        check=units,
    ),
    Mistake(
        name="secret in the home of root",
        plant=lambda place: (place.units(), place.set("web", secret_keys_file=Path("/root/secret_keys"))),
        subject="unit mamia.service",
        message=["it hides /root/secret_keys"],
        hint=["move /root/secret_keys to /etc/mamia"],
        fix=lambda place: place.set("web", secret_keys_file=Path("/etc/mamia/secret_keys")),
        check=units,
    ),
    Mistake(
        name="state folder where the unit cannot write",
        plant=lambda place: (place.units(), place.set("workstation", state_folder=Path("/srv/state"))),
        subject="unit mamia-sync.service",
        message=["/srv/state is on a read-only disk"],
        hint=["systemctl edit mamia-sync.service"],
        fix=lambda place: place.set("workstation", state_folder=Path("/var/lib/mamia-sync")),
        check=units,
    ),
    Mistake(
        name="disk of the data full",
        plant=lambda place: place.small_disk("data", "1m"),
        subject="data",
        message=["the disk is full"],
        hint=["enlarge it"],
        fix=lambda place: place.run("mount", "-o", "remount,size=400m,nr_inodes=30000", place.folder / "data"),
        check=data,
    ),
    Mistake(
        name="state folder of root",
        plant=lambda place: state_folder(place, place.made("state", mode=0o700)),
        subject="workstation.state_folder",
        message=[f"{WORKERS_USER} can't write"],
        hint=[f"chown {WORKERS_USER}"],
        fix=run_hint(state),
        check=state,
    ),
    Mistake(
        name="state folder that cannot be made",
        plant=lambda place: state_folder(place, place.made("lib") / "state"),
        subject="workstation.state_folder",
        message=[f"{WORKERS_USER} can't write"],
        hint=[f"install -d -o {WORKERS_USER}"],
        fix=run_hint(state),
        check=state,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    return PlantedFiles(folder)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_the_audit_is_checked_as_root_then_no_file_is_made(place):
    try:
        place.log_folder()

        assert problems(audit(place)) == []
        assert os.listdir(place.folder / "logs") == []
    finally:
        place.restore()


def test_when_the_process_has_no_user_here_then_the_mode_alone_is_the_fix(place):
    try:
        place.set("web", secret_keys_file=place.file("keys", KEY, mode=0o644))
        [found] = secrets(place)

        place.shell(found.hint)

        assert problems(secrets(place)) == []
        assert stat.S_IMODE((place.folder / "keys").stat().st_mode) == 0o600
    finally:
        place.restore()
