"""The overlays by which slapd asks `mamia capture`: only once it listens, and away before anything else."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import ldap
import pytest
from pydantic import SecretStr

from gateway.checks.capture import check_capture
from gateway.checks.finding import Level
from gateway.protection.seal import make_key_pair
from gateway.settings import Settings
from gateway.setup import ApplyFailed, Login, Options, Plan, Subject, apply, open_access, survey_and_plan, undo
from tests.support.capture_process import CaptureProcess
from tests.support.debian_slapd import DebianSlapd
from tests.support.gateway_settings import settings_for
from tests.support.plain_slapd import PASSWORD
from tests.support.setup_answers import PASSWORDS, WORKSTATION, administrator, answers, planned, set_up
from tests.support.slapd_server import ADMIN, QUICK_HASH, SUFFIX
from tests.support.sock_responder import answering
from tests.support.upgraded_slapd import SlapdBefore

SETTINGS = """
[directory]
servers = ["{url}"]
bind_dn = "cn=gateway,ou=services,dc=ac-mine,dc=fr"
decoy_dn = "cn=decoy,ou=services,dc=ac-mine,dc=fr"
[people]
base = "ou=people,dc=ac-mine,dc=fr"
[workstation]
public_key_file = "{folder}/worker.pub"
bind_dn = "cn=sync,ou=services,dc=ac-mine,dc=fr"
[workstation.targets.windows]
type = "active_directory"
servers = ["ldaps://dc1.ad.ac-example.fr"]
bind_dn = "svc@ad.ac-example.fr"
bind_password_file = "/etc/mamia/domain.password"
base = "ou=staff,dc=ad,dc=ac-example,dc=fr"
[capture]
socket = "{folder}/s"
bind_dn = "cn=capture,ou=services,dc=ac-mine,dc=fr"
bind_password_file = "{folder}/capture.password"
"""

ANSWERS_ONLY = """
[directory]
servers = ["{url}"]
bind_dn = "cn=gateway,ou=services,dc=ac-mine,dc=fr"
decoy_dn = "cn=decoy,ou=services,dc=ac-mine,dc=fr"
[people]
base = "ou=people,dc=ac-mine,dc=fr"
[capture]
socket = "{folder}/s"
answer_only = true
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """pytest's own paths are too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="set-") as name:
        yield Path(name)


@pytest.fixture
def server(folder: Path) -> Iterator[DebianSlapd]:
    """Without the overlays, and nobody listens."""
    server = DebianSlapd(folder / "slapd")
    set_up(server, settings_of(server, folder), folder / "undo", class_for="(uid=*)")
    yield server
    server.stop()


@pytest.fixture
def listener(server: DebianSlapd, folder: Path) -> Iterator[CaptureProcess]:
    """`mamia capture`, running."""
    make_key_pair(folder / "worker.key", folder / "worker.pub")
    (folder / "capture.password").write_text(PASSWORDS["capture"].get_secret_value())
    (folder / "mamia.toml").write_text(SETTINGS.format(url=server.url, folder=folder))
    process = CaptureProcess(folder, folder / "mamia.toml")
    process.start()
    yield process
    process.stop()


def settings_of(server: DebianSlapd, folder: Path) -> Settings:
    capture = {
        "socket": str(folder / "s"),
        "bind_dn": f"cn=capture,ou=services,{server.suffix}",
        "bind_password_file": str(folder / "capture.password"),
    }
    return answers(server, capture=capture, workstation=WORKSTATION)


def plan_of(server: DebianSlapd, folder: Path) -> Plan:
    return planned(server, settings_of(server, folder), class_for="(uid=*)")


def change_password(server: DebianSlapd, login: str, old: str, new: str) -> None:
    with server.as_account(server.dn(login), old) as connection:
        connection.modify_s(server.dn(login), [(ldap.MOD_REPLACE, "userPassword", [new.encode()])])


def overlays(server: DebianSlapd) -> list[str]:
    return [
        dn.partition(",")[0].partition("=")[2] for dn in server.configuration_dns() if dn.startswith("olcOverlay")
    ]


class TestNobodyListens:
    def test_it_is_a_step_for_later(self, server, folder):
        plan = plan_of(server, folder)
        assert plan.changes == ()
        assert [later.what.partition(" (")[0] for later in plan.later] == [
            "the overlay of 95-password-oracle.ldif", "the overlay of 96-capture.ldif"
        ]  # fmt: skip
        assert all("mamia-capture.socket" in later.how for later in plan.later)

    def test_writes_go_on(self, server):
        change_password(server, "fdurand", PASSWORD, "Nouveau-2024")
        assert overlays(server) == ["{0}ppolicy"]

    def test_an_overlay_whose_socket_slapd_does_not_reach_is_removed_at_once(self, server, folder):
        with socket.socket(socket.AF_UNIX) as silent, administrator(server) as access:
            silent.bind(str(folder / "s"))
            silent.listen()
            _, plan = survey_and_plan(settings_of(server, folder), access, Options())
            assert [change.subject for change in plan.changes] == [Subject.ORACLE, Subject.CAPTURE]
            with pytest.raises(ApplyFailed, match="the overlay is removed again"):
                apply(plan, access, folder / "undo", {}, progress=lambda _: (folder / "s").unlink())
        assert overlays(server) == ["{0}ppolicy"]
        change_password(server, "fdurand", PASSWORD, "Nouveau-2024")


class TestNoWorkstation:
    def test_when_the_listener_only_answers_then_the_check_finds_that_slapd_asks_it(self, folder):
        server = DebianSlapd(folder / "slapd")
        settings = answers(
            server,
            workstation={"targets": {}},
            capture={"socket": str(folder / "s"), "answer_only": True},
        )
        (folder / "mamia.toml").write_text(ANSWERS_ONLY.format(url=server.url, folder=folder))
        listener = CaptureProcess(folder, folder / "mamia.toml")
        listener.start()
        try:
            set_up(server, settings, folder / "undo", class_for="(uid=*)")

            found = list(check_capture(settings, settings.directory))

            assert [one.level for one in found] == [Level.OK, Level.OK]
        finally:
            listener.stop()
            server.stop()


class TestVersionBefore:
    def test_its_overlays_ask_for_service_accounts_and_the_decoy_too(self, folder):
        socket_file = folder / "s"
        server = SlapdBefore(
            folder / "slapd", hash_cost=QUICK_HASH, more_urls=(f"ldapi://{quote(str(folder / 'l'), '')}",)
        )
        with answering(socket_file):
            server.load_before("92-capture-account.ldif", CAPTURE_PASSWORD="Ancien-2024")
            server.load_before("93-capture.ldif", CAPTURE_SOCKET=str(socket_file))
            before = _patterns(server)
            password = SecretStr(server.slapd.password("admin"))
            own, data = Login("cn=config", password), Login(ADMIN, password)
            capture = {
                "socket": str(socket_file),
                "bind_dn": f"cn=capture,ou=services,{SUFFIX}",
                "bind_password_file": "x",
            }
            with open_access(f"ldapi://{quote(str(folder / 'l'), '')}", config_login=own, data_login=data) as access:
                settings = settings_for(server, capture=capture)
                _, plan = survey_and_plan(settings, access, Options())
                apply(plan, access, folder / "undo", {})
                assert survey_and_plan(settings, access, Options())[1].changes == ()
                server.add_person("fdurand")
                guess = [
                    (ldap.MOD_DELETE, "userPassword", [b"wrong"]),
                    (ldap.MOD_ADD, "userPassword", [b"Autre-2024"]),
                ]
                with server.as_person("fdurand") as person, pytest.raises(ldap.INSUFFICIENT_ACCESS):
                    person.modify_s(f"cn=gateway,ou=services,{SUFFIX}", guess)
                undo(folder / "undo", access)
            assert _patterns(server) == before
            server.slapd.stop()


class TestItListens:
    def test_the_second_run_adds_the_overlays_around_ppolicy(self, server, listener, folder):
        done = set_up(server, settings_of(server, folder), folder / "undo", class_for="(uid=*)")
        assert [change.subject for change in done.changes] == [Subject.ORACLE, Subject.CAPTURE]
        assert overlays(server) == ["{0}sock", "{1}ppolicy", "{2}sock"]
        assert plan_of(server, folder).changes == ()
        change_password(server, "fdurand", PASSWORD, "Nouveau-2024")
        guess = [
            (ldap.MOD_DELETE, "userPassword", [b"Nouveau-2024"]),
            (ldap.MOD_ADD, "userPassword", [b"Autre-2024"]),
        ]
        with server.as_account(server.dn("smoreau"), PASSWORD) as other, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            other.modify_s(server.dn("fdurand"), guess)

    def test_undo_removes_them_first(self, server, listener, folder):
        set_up(server, settings_of(server, folder), folder / "undo", class_for="(uid=*)")
        with administrator(server) as access:
            promised = undo(folder / "undo", access, dry_run=True)
            done = undo(folder / "undo", access)
        assert done == promised
        assert [text.partition(",")[0] for text in done.removed[:2]] == ["olcOverlay={2}sock", "olcOverlay={0}sock"]
        listener.stop()
        server.restart()
        assert overlays(server) == []
        change_password(server, "fdurand", PASSWORD, "Nouveau-2024")


def _patterns(server: SlapdBefore) -> list[bytes]:
    with server.as_admin("cn=config") as connection:
        found = connection.search_s("cn=config", ldap.SCOPE_SUBTREE, "(olcOverlay=*sock)")
    return [entry["olcOvSocketDNpat"][0] for _, entry in found]
