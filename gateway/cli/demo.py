"""`mamia demo`: a private directory with sample staff, and the web service on it, on this machine only."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from gateway.cli.people_table import sample_table
from gateway.cli.private_slapd import SUFFIX, PrivateSlapd, SlapdFailed

STATE = Path("var/demo")
HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 8
FAILED = 1


class DemoFailed(Exception):
    """The demo can't run; the text says why and how to mend it."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("demo", help="run the gateway with a directory of sample staff")
    parser.add_argument("--port", type=int, default=8080, help="of the web service (default: 8080)")
    parser.add_argument("--directory-port", type=int, default=3890, help="of the directory (default: 3890)")
    parser.add_argument(
        "--state", type=Path, default=STATE, help=f"folder for the directory's data (default: {STATE})"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with (
            _directory(arguments.state, arguments.directory_port) as slapd,
            _service(slapd, arguments.port) as service,
        ):
            _tell(slapd, arguments.port)
            return _watch(slapd, service)
    except (DemoFailed, SlapdFailed) as error:
        print(f"mamia demo: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        return 0


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _directory(state: Path, port: int) -> Iterator[PrivateSlapd]:
    slapd = PrivateSlapd(state.resolve(), port)
    if not slapd.exists:
        print("making the sample directory …", flush=True)
        slapd.create()
    elif slapd.is_outdated:
        print(f"note: {state} was made from other files of ldif/; `make demo-reset` starts afresh", flush=True)
    slapd.start()
    try:
        yield slapd
    finally:
        slapd.stop()


@contextmanager
def _service(slapd: PrivateSlapd, port: int) -> Iterator[subprocess.Popen[bytes]]:
    _refuse_taken(port)
    config = _write_settings(slapd, port)
    # setpriv: a demo that is killed leaves no server behind.
    command = [
        "setpriv",
        "--pdeathsig",
        "TERM",
        sys.executable,
        "-m",
        "gateway.cli.main",
        "serve",
        "--config",
        str(config),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "MAMIA_CONFIG"}
    service = subprocess.Popen(command, env=environment)
    try:
        _await_service(service, port)
        yield service
    finally:
        service.terminate()
        with suppress(subprocess.TimeoutExpired):
            service.wait(STOP_SECONDS)
        service.kill()
        service.wait()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoFailed(f"port {port}: {error.strerror}; choose another: make demo PORT={port + 10}") from None


def _write_settings(slapd: PrivateSlapd, port: int) -> Path:
    """Settings such as an academy writes, beside the state; whoever likes can run `mamia serve` with them."""
    keys = slapd.state / "secret_keys"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(secrets.token_urlsafe(48) + "\n")
    config = slapd.state / "mamia.toml"
    text = f"""# Written by `mamia demo` at each start. MAMIA_SECTION__KEY in the environment overrides it.
[directory]
servers = ["{slapd.url}"]
bind_dn = "cn=gateway,ou=services,{SUFFIX}"
bind_password_file = {_toml(slapd.password_file("gateway"))}
decoy_dn = "cn=decoy,ou=services,{SUFFIX}"

[people]
base = "ou=people,{SUFFIX}"

[reset]
initial_policy = "cn=initial,ou=policies,{SUFFIX}"

[web]
host = "{HOST}"
port = {port}
secret_keys_file = {_toml(keys)}
secure_cookies = false
"""
    config.write_text(text, encoding="utf-8")
    return config


def _toml(path: Path) -> str:
    """A TOML string; JSON's are among them."""
    return json.dumps(str(path))


def _await_service(service: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            raise DemoFailed("the web service ended at its start; its reason stands above")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise DemoFailed(f"the web service does not answer on port {port} after {START_SECONDS} s")


def _tell(slapd: PrivateSlapd, port: int) -> None:
    print(sample_table(slapd))
    print(f"directory {slapd.url}, administrator cn=admin,{SUFFIX}, password in {slapd.password_file('admin')}")
    print("Ctrl-C stops all of it; `make demo-reset` throws the changes away.")
    print(f"ready http://{HOST}:{port}", flush=True)


def _watch(slapd: PrivateSlapd, service: subprocess.Popen[bytes]) -> int:
    """Until Ctrl-C, or until one of the two ends by itself."""
    while True:
        if service.poll() is not None:
            raise DemoFailed("the web service ended; its reason stands above")
        if not slapd.is_running:
            raise DemoFailed(f"the directory ended; see {slapd.log_file}")
        time.sleep(0.5)
