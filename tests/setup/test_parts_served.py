"""Every optional part, chosen at a terminal: check has no FAIL, the service has them, and undo takes them back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.private_slapd import ldif_folder
from tests.support.browser import CHANGE
from tests.support.debian_slapd import DebianSlapd
from tests.support.installed_program import InstalledProgram
from tests.support.plain_slapd import PASSWORD
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.proxied_people import People
from tests.support.smtp_server import SmtpServer
from tests.support.webhook_receiver import WebhookReceiverServer, receiving

SITE = "mon-compte.ac-mine.fr"
NEW = "Nouveau-2031!x"
LISTENER, SERVICE = "mamia-capture.service", "mamia.service"


@pytest.fixture
def server(folder: Path) -> Iterator[DebianSlapd]:
    slapd = DebianSlapd(folder / "d")
    slapd.load_configuration((ldif_folder() / "schema/samba.ldif").read_text())
    slapd.load(
        f"dn: {slapd.dn('fdurand')}\nchangetype: modify\nadd: objectClass\nobjectClass: sambaSamAccount\n-\n"
        "add: sambaSID\nsambaSID: S-1-5-21-1-2-3-1000\n"
    )
    yield slapd
    slapd.stop()


@pytest.fixture
def mails() -> Iterator[SmtpServer]:
    smtp = SmtpServer()
    smtp.start()
    yield smtp
    smtp.stop()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiverServer]:
    with receiving(WebhookReceiverServer()) as one:
        yield one


def test_when_all_parts_are_chosen_then_the_service_has_them_and_undo_takes_them_back(
    server, store, mails, receiver, program
):
    port = free_port()
    (program.root / "run/slapd/ldapi").symlink_to(server.socket)
    (program.root / "var/lib/mamia").mkdir()
    answers = {
        "[Pp]assword of cn=admin": server.slapd.password("admin"),
        "Phone number": "01 02 03 04 05",
        "Names of the site": SITE,
        "Port at which": str(port),
        "Store of counts": store.url,
        "people with a workstation": "(objectClass=sambaSamAccount)",
        "Mail server": "127.0.0.1",
        "TLS of the mail": "none",
        "^Port ": str(mails.port),
        "^Parts": "helpdesk recovery reminders charter webhooks events",
        "Networks from which": "192.0.2.0/24",
        "Address of the text": "https://www.ac-mine.fr/charte",
        "Address that receives": receiver.url,
        "Apply it now": "yes",
    }
    first = program.run("mamia setup", answers)
    program.run(f"systemctl enable --now {LISTENER}")
    second = program.run("mamia setup --apply", answers)
    program.run(f"systemctl enable --now {SERVICE}")

    assert "Which parts do you want, then?" not in first.output
    assert "mamia-remind.timer" in second.output
    assert ": 0 FAIL" in second.output, second.output[-6000:]
    assert second.status == 0
    assert_served(People(port, SITE), server, mails, receiver)
    assert_nothing_to_do(program, server)
    assert_undone(program, server)


def assert_served(people: People, server: DebianSlapd, mails: SmtpServer, receiver: WebhookReceiverServer) -> None:
    """Each part does what it is for."""
    wait_until(people.is_served, 60)
    # Setup and the check connected, without an event.
    receiver.got.clear()
    assert people.get("/guichet").status == 200
    assert people.get("/mes-moyens-de-secours").status == 200
    typed = {"login": "fdurand", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
    form = people.get(CHANGE)
    people.fill_in(CHANGE, {**typed, "charter": form.fields["charter"]})
    assert server.binds(server.dn("fdurand"), NEW)
    [accepted] = server.read(server.dn("fdurand"))["mamiaCharter"]
    assert accepted.startswith(form.fields["charter"])
    assert receiver.first("account.changed").event["data"]["login"] == "fdurand"
    mails.to("fdurand@ac-mine.fr")


def assert_nothing_to_do(program: InstalledProgram, server: DebianSlapd) -> None:
    own = ["--bind-dn", server.admin_dn, "--bind-password-file", server.admin_password_file]
    done = json.loads(program.setup("--json", "--apply", *own).stdout)

    assert (done["files"], done["changes"], done["missing"]) == ([], [], [])


def assert_undone(program: InstalledProgram, server: DebianSlapd) -> None:
    own = ["--bind-dn", server.admin_dn, "--bind-password-file", server.admin_password_file]
    done = program.setup("--undo", program.root / "etc/mamia/undo", *own)

    assert done.returncode == 0, done.stderr
    for name in ("cn=helpdesk,ou=services", "cn=reminders,ou=services", "cn=helpdesk,ou=groups"):
        assert server.read(f"{name},{server.suffix}") == {}
    assert server.binds(server.dn("fdurand"), NEW)
