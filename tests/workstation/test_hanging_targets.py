"""Ten targets of which nine accept connections and never answer: what the tenth, a real realm, gets."""

from __future__ import annotations

import socket

import pytest

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from gateway.workstation.state import DeliveryStatus, read_state
from tests.support.authenticated import account_of
from tests.support.kdc_server import ADMIN
from tests.support.kdc_server import REALM as REALM_NAME
from tests.support.polling import wait_until
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import worker_section

pytestmark = pytest.mark.xdist_group("kerberos")
HANGING = [f"hanging{number}" for number in range(9)]
REALM = "realm"
HANGING_SECONDS = 20
"""How long a worker waits for each of the nine before it gives an attempt up."""
OLD, NEW, NEWER = "Ancien-Pw-2024!", "Nouveau-Pw-2025!", "Encore-Un-Pw-2026!"


@pytest.fixture
def silent_server():
    """A port on which the kernel accepts connections and nobody reads: so hangs a domain controller."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield server.getsockname()[1]


@pytest.fixture
def config(directory, kdc, silent_server, tmp_path):
    hanging = [
        f"""
[workstation.targets.{name}]
type = "active_directory"
servers = ["ldaps://localhost:{silent_server}"]
bind_dn = "svc@ad.example.test"
bind_password_file = "{tmp_path}/sync"
base = "CN=Users,DC=ad,DC=example,DC=test"
connect_timeout_seconds = {HANGING_SECONDS}
receive_timeout_seconds = {HANGING_SECONDS}
"""
        for name in HANGING
    ]
    more = f"""
{worker_section(tmp_path, directory)}
poll_seconds = 0.1
{"".join(hanging)}
[workstation.targets.{REALM}]
type = "kerberos"
realm = "{REALM_NAME}"
admin_principal = "{ADMIN.partition("@")[0]}"
keytab_file = "{kdc.keytab}"
krb5_conf = "{kdc.krb5_conf}"
timeout_seconds = 20
"""
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def change(config):
    """Changes a password as the page does: `change("login", "current", "new")`."""
    gateway = build_gateway(load(config))
    passwords = gateway.directory.passwords

    def changer(login, current, new):
        account = account_of(passwords, login, current)
        passwords.set_password(account, Secret(new))

    yield changer
    gateway.close()


@pytest.fixture
def start_workers(config, tmp_path):
    started = []

    def starter(number):
        for place in range(number):
            worker = WorkerProcess(config, tmp_path / f"worker{place}.log")
            worker.start()
            started.append(worker)
        return started

    yield starter
    for worker in started:
        worker.kill()


@pytest.fixture
def staff(directory, kdc, request):
    """Logins of people with a workstation, in the directory and in the realm."""
    logins = [f"p{abs(hash(request.node.name)) % 10**8}x{number}" for number in range(6)]
    for login in logins:
        directory.add_person(login, departmentNumber="rectorat")
        kdc.add_person(login, OLD)
    return logins


def states_of(directory, login):
    states = {}
    for value in directory.read(login)["mamiaSyncState"]:
        state = read_state(value)
        assert state
        states[state.target] = state
    return states


def realm_has_all(directory, logins):
    return all(states_of(directory, login)[REALM].status is DeliveryStatus.DONE for login in logins)


def hanging_attempts(directory, logins):
    return [states_of(directory, login)[name].attempts for login in logins for name in HANGING]


class TestDelivery:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_when_nine_of_ten_targets_hang_then_the_tenth_waits_for_none_of_them(
        self, directory, kdc, change, start_workers, staff, workers
    ):
        start_workers(workers)
        for login in staff:
            change(login, PASSWORD, NEW)

        wait_until(lambda: realm_has_all(directory, staff))

        # One after the other they would have been tried, and given up, 54 times by then.
        assert max(hanging_attempts(directory, staff)) <= 1
        assert all(kdc.kinit(login, NEW) for login in staff)
        assert all("mamiaPendingSecret" in directory.read(login) for login in staff)

    def test_when_a_newer_password_comes_while_nine_targets_hang_then_the_tenth_gets_it(
        self, directory, kdc, change, start_workers, staff
    ):
        start_workers(1)
        login = staff[0]
        change(login, PASSWORD, NEW)
        wait_until(lambda: realm_has_all(directory, [login]))

        change(login, NEW, NEWER)
        wait_until(lambda: realm_has_all(directory, [login]))

        assert max(hanging_attempts(directory, [login])) <= 1
        assert kdc.kinit(login, NEWER)
        assert not kdc.kinit(login, NEW)

    def test_when_a_worker_is_killed_while_nine_targets_hang_then_another_serves_the_tenth(
        self, directory, kdc, change, start_workers, staff
    ):
        first, _ = start_workers(2)
        login = staff[0]
        change(login, PASSWORD, NEW)
        wait_until(lambda: "mamiaSyncLease" in directory.read(login))

        first.kill()
        change(login, NEW, NEWER)
        wait_until(lambda: kdc.kinit(login, NEWER))

        assert not kdc.kinit(login, NEW)
