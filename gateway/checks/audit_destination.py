"""Check that the web service can write its audit. Nothing is opened for writing, and nothing is made."""

from __future__ import annotations

import pwd
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_users import WEB, ProcessUser, process_user
from gateway.checks.space import check_space
from gateway.settings import Audit, Settings

SUBJECT = "audit"
EFFECT = "the service does not start without its audit"
FULL = "events are missing in it, and nobody can say later who changed which password"


def check_audit(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the destination of the audit."""
    audit = settings.audit
    found = []
    if audit.destination == "file" and audit.file:
        found = list(_file(audit.file, process_user(WEB)))
    elif audit.destination == "syslog":
        found = list(_syslog(audit))
    yield from found or [ok(SUBJECT, f"goes to {_place(audit)}")]


def _place(audit: Audit) -> str:
    return str({"file": audit.file, "syslog": audit.syslog}.get(audit.destination, "standard error"))


def _file(file: Path, user: ProcessUser) -> Iterator[Finding]:
    folder, owner = file.parent, f"{user.name}:{user.group}"
    if not folder.is_dir():
        hint = f"install -d -o {user.name} -g {user.group} -m 750 {folder}"
        yield fail(SUBJECT, f"{folder} is missing: {EFFECT}", hint)
        return
    if file.exists() and not file.is_file():
        yield fail(SUBJECT, f"{file} is no file: {EFFECT}", "audit.file: the path of a file")
        return
    if not user.may("x", folder):
        yield fail(
            SUBJECT, f"{user.name} may not enter {folder}: {EFFECT}", f"chown {owner} {folder} && chmod 750 {folder}"
        )
        return
    if not file.exists() and not user.may("w", folder):
        yield fail(
            SUBJECT,
            f"{user.name} can't make {file}: {EFFECT}",
            f"install -o {user.name} -g {user.group} -m 600 /dev/null {file}",
        )
        return
    if file.exists():
        yield from _existing(file, user, owner)
    if full := check_space(SUBJECT, folder, FULL):
        yield full


def _existing(file: Path, user: ProcessUser, owner: str) -> Iterator[Finding]:
    found = file.stat()
    if not user.may("w", file):
        text = f"{user.name} can't write {file}, which belongs to user {_owner(found.st_uid)}: {EFFECT}"
        yield fail(SUBJECT, text, f"chown {owner} {file} && chmod 600 {file}")
    elif user.is_known and found.st_uid != user.uid:
        text = f"{file} belongs to {_owner(found.st_uid)}, so the service can't take rights away from others there"
        yield warn(SUBJECT, text, f"chown {owner} {file} && chmod 600 {file}")
    if found.st_mode & stat.S_IRWXO:
        yield warn(SUBJECT, f"everybody on this machine may read {file}", f"chmod o-rwx {file}")


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _syslog(audit: Audit) -> Iterator[Finding]:
    host, colon, port = audit.syslog.rpartition(":")
    if colon and port.isdigit():
        yield _remote(host, int(port))
        return
    path = Path(audit.syslog)
    if not path.is_absolute():
        hint = f'syslog = "{audit.syslog}:514" for another machine, or a socket such as "/dev/log"'
        yield fail(SUBJECT, f"audit.syslog is {audit.syslog}, neither a socket's path nor host:port: {EFFECT}", hint)
        return
    started = 'systemctl start systemd-journald-dev-log.socket, or apt install rsyslog; or destination = "file"'
    if not path.is_socket():
        yield fail(SUBJECT, f"there is no syslog at {path}: {EFFECT}", started)
        return
    user = process_user(WEB)
    if not user.may("w", path):
        yield fail(
            SUBJECT,
            f"{user.name} may not write to {path}: {EFFECT}",
            f"chmod 666 {path}, or the socket's mode in its unit",
        )
    elif not _listens(path):
        yield fail(SUBJECT, f"no program reads {path}: {EFFECT}", started)


def _listens(path: Path) -> bool:
    """Return whether a program reads the socket, of either kind. Nothing is written to it."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_UNIX, kind) as line:
            try:
                line.connect(str(path))
            except OSError:
                continue
            return True
    return False


def _remote(host: str, port: int) -> Finding:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:
        return fail(
            SUBJECT, f"the name {host} of audit.syslog is unknown: {EFFECT}", f"correct the name: getent hosts {host}"
        )
    return ok(SUBJECT, f"goes to {host}:{port} by UDP. Not tried: whether it arrives, because UDP gives no answer")
