"""The listener itself: what slapd and its people meet when it is away, stuck, badly set up or restarted."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time
from functools import partial

import ldap
import pytest

from tests.support.capture_process import CaptureProcess
from tests.support.ldap_clients import Person, announced, ldappasswd
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.slapd_server import PASSWORD

NEW, NEWER = "Neuf-Pässe-2026!", "Plus-Neuf-2027!"
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def person(reporting, short_folder, listener):
    return Person(reporting, short_folder, "fdurand4")


@pytest.fixture
def held_socket(short_folder):
    """As systemd holds it, whatever becomes of the listener."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(short_folder / "s"))
        listening.listen(4096)
        yield listening
    (short_folder / "s").unlink()


@pytest.fixture
def unit(listener, held_socket):
    """Started over and over on the held socket, as systemd does; not started yet."""
    number = held_socket.fileno()
    starter = [sys.executable, "-c", AS_SYSTEMD, str(number)]
    process = CaptureProcess(listener.folder, listener.config, before=starter, inherited=[number])
    yield process
    process.stop()


@pytest.fixture
def systemd(short_folder):
    """The socket that systemd is notified at."""
    place = short_folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(place))
        listening.settimeout(60)
        yield listening
    place.unlink()


def is_asked(held_socket):
    """Whether slapd waits at the socket to be let in."""
    return bool(select.select([held_socket], [], [], 0)[0])


def set_by_admin(person, password):
    with person.directory.as_admin() as line:
        line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [password.encode()])])


class TestWritesOnPeople:
    def test_when_nobody_listens_then_slapd_refuses_them_at_once_and_changes_nothing(self, person):
        began = time.monotonic()
        with pytest.raises(ldap.OTHER, match="could not open socket"):
            set_by_admin(person, NEW)

        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert person.directory.binds(person.login, PASSWORD)


class TestSearchesAndLoginsOfPeopleWithoutAFailure:
    def test_when_nobody_listens_then_they_go_on(self, person):
        with person.directory.as_service("gateway") as line:
            assert line.search_s(person.dn, ldap.SCOPE_BASE, attrlist=["uid"])
        assert person.directory.binds(person.login, PASSWORD)


class TestLoginAfterAWrongOne:
    def test_when_nobody_listens_then_slapd_cannot_clear_the_count_and_refuses_it(self, person, listener):
        listener.start()
        assert not person.directory.binds(person.login, "certainly wrong")
        listener.stop()

        with pytest.raises(ldap.OTHER, match="could not open socket"):
            person.directory.binds(person.login, PASSWORD)

        listener.start()
        assert person.directory.binds(person.login, PASSWORD)


class TestWrongPasswords:
    def test_when_nobody_listens_then_they_are_refused_and_slapd_cannot_count_them(self, person):
        """Its policy's counts are writes on people too. The gateway's own rate limits count all the same."""
        for _ in range(12):
            with pytest.raises(ldap.OTHER, match="could not open socket"):
                person.directory.binds(person.login, "certainly wrong")

        assert "pwdAccountLockedTime" not in person.directory.read(person.login)


class TestSecondListener:
    def test_when_one_runs_then_it_says_so_and_ends(self, listener):
        listener.start()
        second = CaptureProcess(listener.folder, listener.config)

        assert second.run_to_its_end() != 0

        assert "another process listens there already" in listener.log
        assert listener.status()["capturing"]


class TestWrite:
    def test_when_the_listener_is_being_restarted_then_it_waits_and_is_captured(self, person, unit, held_socket):
        unit.start()
        unit.kill()
        writing = threading.Thread(target=set_by_admin, args=(person, NEW))
        writing.start()
        wait_until(lambda: is_asked(held_socket))
        assert writing.is_alive()

        unit.start()

        wait_until(lambda: not writing.is_alive())
        wait_until(lambda: person.waiting == NEW)


class TestListenerWithFaultySettings:
    def test_when_it_was_handed_a_socket_then_slapd_is_answered(self, person, unit):
        unit.environment = {"MAMIA_WORKSTATION__PUBLIC_KEY_FILE": "/nowhere/worker.pub"}
        unit.start()

        set_by_admin(person, NEW)

        assert person.directory.binds(person.login, NEW)
        assert unit.status()["capturing"] is False
        unit.wait_for_log("captures nothing until this is fixed: /nowhere/worker.pub")

    def test_when_it_has_no_socket_yet_then_it_says_why_and_ends(self, listener):
        listener.environment = {"MAMIA_CAPTURE__SERVER": "http://wrong"}
        with pytest.raises(AssertionError, match=r"capture.server: http://wrong is not an ldaps://"):
            listener.start()


class TestSearches:
    def test_when_the_listener_stands_still_then_they_go_on(self, person, unit):
        unit.start()
        unit.suspend()
        writing = threading.Thread(target=set_by_admin, args=(person, NEW))
        writing.start()

        for _ in range(20):
            with person.directory.as_service("gateway") as line:
                assert line.search_s(person.dn, ldap.SCOPE_BASE, attrlist=["uid"])

        unit.signal(signal.SIGCONT)
        wait_until(lambda: not writing.is_alive())
        wait_until(lambda: person.waiting == NEW)


class TestSystemd:
    def test_when_the_listener_runs_then_systemd_knows_that_it_is_ready_and_alive(self, listener, systemd):
        listener.environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "200000"}
        listener.start()

        assert [systemd.recv(100) for _ in range(4)] == [b"READY=1", *3 * [b"WATCHDOG=1"]]


class TestNonsense:
    @pytest.mark.parametrize(
        "text",
        [b"\n\n", b"MODIFY\n\n", b"\xff\xfe\n\n", b"EXTENDED\nconnid: 1\nmsgid: 1\npeername: x\nvalue: %%\n\n"],
    )
    def test_when_it_is_announced_then_it_is_answered_like_everything(self, listener, text):
        listener.start()

        assert listener.say(text) == b"CONTINUE\n"
        assert listener.status()["capturing"]


class TestLargePicture:
    @pytest.mark.parametrize("password_first", [True, False])
    def test_when_it_is_written_together_with_a_password_then_that_is_captured(
        self, person, listener, password_first
    ):
        listener.start()
        changes = [
            (ldap.MOD_REPLACE, "userPassword", [NEW.encode()]),
            (ldap.MOD_REPLACE, "jpegPhoto", [os.urandom(3_000_000)]),
        ]
        with person.directory.as_admin() as line:
            line.modify_s(person.dn, changes if password_first else changes[::-1])

        wait_until(lambda: person.waiting == NEW)


class TestChange:
    def test_when_slapd_is_killed_right_after_then_the_password_in_force_is_the_one_that_waits(
        self, person, listener
    ):
        """Confirmed by slapd, and maybe not yet in the outbox: the listener waits for slapd to be back."""
        listener.start()
        for number in range(6):
            password = f"{NEWER}-{number}"
            assert ldappasswd(person.directory, "-s", password, person.dn).returncode == 0
            time.sleep(0.01 * number)
            person.directory.kill()
            # The listener has to meet a directory that is down.
            time.sleep(0.3)
            person.directory.slapd.start()

            wait_until(partial(person.has_waiting, password))
            assert person.directory.binds(person.login, password)


class TestListener:
    def test_when_the_web_services_secrets_are_not_on_its_machine_then_it_needs_none(self, listener, short_folder):
        (short_folder / "gateway").unlink()

        listener.start()

        assert listener.status()["capturing"] is True

    def test_when_it_is_stopped_then_it_takes_its_socket_away(self, listener):
        listener.start()

        assert listener.stop() == 0
        assert not listener.socket.exists()

    def test_when_a_dead_one_left_its_socket_then_it_takes_it_over(self, listener, person):
        listener.start()
        listener.kill()
        listener.start()

        set_by_admin(person, NEW)
        wait_until(lambda: person.waiting == NEW)

    def test_when_systemd_itself_hands_over_the_socket_then_it_captures(self, person, listener):
        listener.before = [
            "systemd-socket-activate",
            f"--listen={listener.socket}",
            "-E",
            "MAMIA_AUDIT__DESTINATION",
            "-E",
        ]
        listener.before += ["MAMIA_AUDIT__FILE"]
        listener.start()

        set_by_admin(person, NEW)

        wait_until(lambda: person.waiting == NEW)
        listener.stop()
        listener.socket.unlink()

    def test_when_it_must_stop_then_changes_under_way_are_finished(self, person, listener):
        for number in range(5):
            listener.start()
            set_by_admin(person, f"{NEWER}-{number}")
            listener.stop()

            assert person.waiting == f"{NEWER}-{number}"

    def test_when_it_must_stop_while_slapd_hashes_then_it_waits_for_that_change(self, person, listener, systemd):
        listener.environment = {"NOTIFY_SOCKET": systemd.getsockname()}
        listener.start()
        set_by_admin(person, NEW)
        wait_until(lambda: person.waiting == NEW)
        stored = person.directory.read(person.login)["userPassword"][0]

        listener.say(announced(person, NEWER))
        listener.signal(signal.SIGTERM)
        wait_until(lambda: systemd.recv(100) == b"STOPPING=1")
        listener.say(announced(person, stored, passed_policy=True))

        wait_until(lambda: person.waiting == NEWER)
