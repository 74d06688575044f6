"""Mistakes in capture and the password oracle, planted in a real slapd beside a real `mamia capture`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from gateway.checks.capture import check_capture
from gateway.checks.finding import Level
from gateway.checks.password_oracle import check_password_oracle
from gateway.checks.servers import check_servers
from gateway.demo.private_slapd import ldif_folder
from tests.support.capture_process import CaptureProcess
from tests.support.planted_directory import DATABASE, DEFAULT_POLICY, GATEWAY, OVERLAY, PlantedDirectory
from tests.support.planted_mistakes import Mistake, prove
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import QUICK_HASH, SUFFIX, SlapdServer

SOCK = f"olcOverlay={{1}}sock,{DATABASE}"
CONFIG = "olcDatabase={0}config,cn=config"


class CapturedPlace(PlantedDirectory):
    """slapd asks a listener, as 45-password-oracle.ldif says."""

    def __init__(self, folder):
        server = SlapdServer(folder / "slapd", hash_cost=QUICK_HASH)
        server.slapd.ask_before_writes(folder / "s")
        more = f'[capture]\nsocket = "{folder}/s"\nanswer_only = true\n'
        self.process = CaptureProcess(folder, write_settings_file(folder, server, more=more))
        self.process.start()
        server.add_person("fdurand4")
        self.socket = folder / "s"
        super().__init__(server, capture={"socket": folder / "s", "answer_only": True})
        # As 47-configuration.ldif of a directory with capture has it.
        self.put_rule(
            f'to dn.subtree="cn=config" attrs=olcDbSocketPath by dn.exact="{GATEWAY}" read by * break', CONFIG
        )
        self.__dict__["_config"] = self._dump("cn=config")

    def restore(self):
        if not self.process.is_running:
            self.process.start()
        super().restore()


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory(prefix="pl-") as name:
        made = CapturedPlace(Path(name))
        yield made
        made.process.stop()
        made.server.slapd.stop()


def servers(place):
    return check_servers(place.settings)


def capture(place):
    return check_capture(place.settings, place.settings.directory)


def oracle(place):
    return check_password_oracle(place.settings)


def load_oracle_file(place):
    """Its overlay; module and rule are there."""
    text = (ldif_folder() / "45-password-oracle.ldif").read_text().replace("@CAPTURE_SOCKET@", str(place.socket))
    place.server.load("dn: olcOverlay=sock" + text.partition("dn: olcOverlay=sock")[2], as_config=True)


def switch_off(place, *, stop):
    place.set("capture", socket=None)
    if stop:
        place.process.stop()


def move_below(place):
    """The overlay is below ppolicy: {0} puts it there."""
    place.delete(SOCK)
    add_below(place)


def add_below(place):
    place.add(
        f"olcOverlay={{0}}sock,{DATABASE}",
        objectClass=["olcOverlayConfig", "olcOvSocketConfig"],
        olcOverlay="{0}sock",
        olcDbSocketPath=str(place.socket),
        olcOvSocketOps="modify",
        olcOvSocketDNpat=f",ou=people,{SUFFIX}$",
    )


def add_ppolicy_anew(place):
    """It gets the highest number, so slapd asks it first."""
    place.delete(OVERLAY)
    place.add(
        f"olcOverlay=ppolicy,{DATABASE}",
        objectClass=["olcOverlayConfig", "olcPPolicyConfig"],
        olcOverlay="ppolicy",
        olcPPolicyDefault=DEFAULT_POLICY,
        olcPPolicyHashCleartext="TRUE",
    )


def delete_and_load(place):
    place.delete(f"olcOverlay={{0}}sock,{DATABASE}")
    load_oracle_file(place)


def capture_without_a_listener_that_captures(place):
    place.set("workstation", targets={"poste": {"type": "samba_nt"}})
    add_below(place)


MISTAKES = (
    Mistake(
        name="ppolicy was deleted and added again",
        plant=add_ppolicy_anew,
        subject="overlay sock of cn=config",
        message=["no overlay sock is above ppolicy"],
        hint=[f"ldapdelete -Y EXTERNAL -H ldapi:/// 'olcOverlay={{0}}sock,{DATABASE}'", "adds olcOverlay=sock alone"],
        fix=delete_and_load,
        check=servers,
    ),
    Mistake(
        name="answer_only where the overlay that captures is loaded",
        plant=capture_without_a_listener_that_captures,
        level=Level.WARN,
        subject="overlay sock",
        message=["capture.answer_only is true", "nothing is captured"],
        hint=["capture.answer_only = false", "or delete the overlay below ppolicy"],
        fix=lambda place: place.delete(f"olcOverlay={{0}}sock,{DATABASE}"),
        check=capture,
    ),
    Mistake(
        name="nothing asks before ppolicy judges",
        plant=lambda place: place.delete(SOCK),
        subject="password oracle",
        message=["learns whether a guess is the password"],
        hint=["45-password-oracle.ldif"],
        fix=load_oracle_file,
        check=oracle,
    ),
    Mistake(
        name="[capture] without the overlay",
        plant=lambda place: place.delete(SOCK),
        subject="overlay sock of cn=config",
        message=["slapd has no overlay sock"],
        hint=[f"load 45-password-oracle.ldif of ldif/ on {DATABASE}"],
        fix=load_oracle_file,
        check=servers,
    ),
    Mistake(
        name="the overlay without [capture], and nobody listens",
        plant=lambda place: switch_off(place, stop=True),
        subject="overlay sock of cn=config",
        message=["nobody answers, and [capture] is off"],
        hint=["delete the overlay (docs/capture.md)"],
        fix=lambda place: place.delete(SOCK),
        check=servers,
    ),
    Mistake(
        name="the listener has another path",
        plant=lambda place: place.set("capture", socket=place.socket.parent / "other"),
        subject="overlay sock of cn=config",
        message=["/s, and capture.socket is ", "/other"],
        hint=['capture.socket = "', '/s"'],
        fix=lambda place: place.set("capture", socket=place.socket),
        check=servers,
    ),
    Mistake(
        name="the overlay has another path",
        plant=lambda place: place.change(SOCK, olcDbSocketPath="/run/other.sock"),
        subject="overlay sock of cn=config",
        message=["slapd asks at /run/other.sock"],
        hint=["olcDbSocketPath: ", "/s in the overlay"],
        fix=lambda place: place.change(SOCK, olcDbSocketPath=str(place.socket)),
        check=servers,
    ),
    Mistake(
        name="the overlay is below ppolicy",
        plant=move_below,
        subject="overlay sock of cn=config",
        message=["no overlay sock is above ppolicy"],
        hint=["load 45-password-oracle.ldif"],
        fix=load_oracle_file,
        check=servers,
    ),
    Mistake(
        name="one overlay where passwords are to be captured",
        plant=lambda place: place.set(
            "capture", answer_only=False, bind_dn=f"cn=capture,ou=services,{SUFFIX}", bind_password_file="/nowhere"
        ),
        subject="overlay sock of cn=config",
        message=["no overlay sock is below ppolicy"],
        hint=["load 93-capture.ldif", "capture.answer_only = true"],
        fix=lambda place: place.set("capture", answer_only=True),
        check=servers,
    ),
    Mistake(
        name="nobody listens",
        plant=lambda place: place.process.stop(),
        subject="capture: ",
        message=["no process listens", "slapd refuses every write on people"],
        hint=["systemctl start mamia-capture.socket, or mamia capture"],
        fix=lambda place: place.process.start(),
        check=capture,
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_a_listener_of_other_settings_answers_then_the_overlay_may_be_there(place):
    """The web service's machine has no [capture]; the directory's machine has."""
    switch_off(place, stop=False)
    try:
        [found] = [finding for finding in servers(place) if "overlay sock" in finding.subject]
    finally:
        place.restore()

    assert found.level is Level.OK
