"""Checks of the addresses at which the web service listens: free or taken by the service itself, and allowed."""

from __future__ import annotations

import errno
import json
import socket
import stat
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_users import WEB, ProcessUser, process_user
from gateway.settings import Settings

ANSWER_SECONDS = 2
FIRST_OPEN_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
ALIVE = {"status": "alive"}
"""The answer of /health/live."""


def check_listening(settings: Settings) -> Iterator[Finding]:
    """Yield findings about web.port or web.socket, and about web.health_port."""
    web, user = settings.web, process_user(WEB)
    if web.socket:
        yield from _socket(web.socket, user)
    else:
        yield _port("web.port", web.listen_address, web.port, web.allowed_hosts[0], user)
    if web.health_port:
        yield _port("web.health_port", web.health_host, web.health_port, web.allowed_hosts[0], user)


def _port(subject: str, host: str, port: int, name: str, user: ProcessUser) -> Finding:
    if port < _first_open_port() and user.uid != 0:
        text = f"{port} is a port of root, and {user.name} may not listen there: the service does not start"
        return fail(subject, text, f"{subject} = 8080 or another number from 1024 on, and the same in the proxy")
    error = _bind_error(host, port)
    if error == 0:
        return ok(subject, f"{host}:{port} is free: the service is not running")
    if error in (errno.EADDRNOTAVAIL, socket.EAI_NONAME):
        key = "web.listen_address" if subject == "web.port" else "web.health_host"
        text = f"{host} is no address of this machine: the service does not start"
        return fail(subject, text, f'{key} = "127.0.0.1"; ip -brief address lists this machine\'s')
    answer = _answer(host, port, name)
    if answer == ALIVE:
        return ok(subject, f"the service answers at {host}:{port}")
    if answer is None:
        text = f"a program listens at {host}:{port} and does not answer: another one, or this service, very busy"
        return warn(subject, text, f"ss -tlnp sport = :{port} names it")
    text = f"another program has {host}:{port}: the service does not start"
    return fail(
        subject, text, f"stop it (ss -tlnp sport = :{port} names it), or choose another {subject}, also in the proxy"
    )


def _first_open_port() -> int:
    try:
        return int(FIRST_OPEN_PORT.read_text())
    except (OSError, ValueError):
        return 1024


def _bind_error(host: str, port: int) -> int:
    """Return the error's number if nobody can listen there; 0 if it is free. Nothing listens meanwhile."""
    name = host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as line:
            # As gunicorn does: connections that were closed lately do not count.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind(address)
    except (socket.gaierror, UnicodeError):
        return int(socket.EAI_NONAME)
    except PermissionError:
        # Who runs the check may not, and the service's user may: that was compared before.
        return 0
    except OSError as error:
        return error.errno or errno.EADDRINUSE
    return 0


def _answer(host: str, port: int, name: str) -> object:
    """Return what /health/live answers there; None if there is no answer in time, "" if it is something else."""
    connection = HTTPConnection(_reached(host), port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health/live", headers={"Host": f"x{name}" if name.startswith(".") else name})
        return json.loads(connection.getresponse().read(1000))
    except TimeoutError:
        return None
    except (OSError, HTTPException, ValueError):
        return ""
    finally:
        connection.close()


def _reached(host: str) -> str:
    """Return the address at which a program that listens on all addresses is reached."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104 - not bound


def _socket(path: Path, user: ProcessUser) -> Iterator[Finding]:
    subject, folder = "web.socket", path.parent
    made = "systemd-tmpfiles --create mamia.conf (the package has that file; else deploy/systemd/mamia.tmpfiles)"
    if not folder.is_dir():
        hint = f"{made} for /run/mamia-web; else install -d -o {user.name} -m 710 {folder}"
        yield fail(subject, f"{folder} is missing: the service does not start", hint)
        return
    if not user.may("wx", folder):
        hint = f"chown {user.name} {folder} && chmod u+rwx {folder}"
        yield fail(subject, f"{user.name} can't write in {folder}: the service does not start", hint)
        return
    if path.exists() and not path.is_socket():
        yield fail(subject, f"{path} is there already, and is no socket: the service does not start", f"rm {path}")
        return
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IXOTH:
        text = f"every user of this machine may enter {folder}, and so come past the proxy with any address"
        yield warn(subject, text, f"chgrp mamia-proxy {folder} && chmod 710 {folder}")
        return
    yield ok(subject, f"{path} can be made, and only its owner and group reach it")
