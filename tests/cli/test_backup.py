"""The commands of the pages on backup and restore, on a real slapd and Redis: everything is lost in between."""

from __future__ import annotations

import subprocess

import pytest

from gateway.app import create_app
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from tests.support.backed_up_machine import BackedUpMachine
from tests.support.browser import RESET, Browser
from tests.support.mamia_command import run_mamia
from tests.support.page_steps import page_steps
from tests.support.polling import wait_until
from tests.support.serve_process import ServeProcess
from tests.support.slapd_server import PASSWORD
from tests.support.visitor import Visitor
from tests.support.worker_process import WorkerProcess

NEW, OTHER = "Nouveau-2025", "Encore-Autre-2026"
SAVED = "Mot de passe modifié"


@pytest.fixture
def machine(tmp_path):
    one = BackedUpMachine(tmp_path / "m")
    yield one
    one.stop()


@pytest.fixture
def open_gateway(machine):
    """Makes applications with the settings of the machine."""
    opened = []

    def opener():
        gateway = build_gateway(load(machine.config))
        opened.append(gateway)
        return create_app(gateway)

    yield opener
    for gateway in opened:
        gateway.close()


class TestBackup:
    def test_when_everything_is_lost_and_restored_then_people_are_served_and_used_tickets_stay_used(
        self, machine, open_gateway
    ):
        directory = machine.directory
        directory.add_person("fdurand4", departmentNumber="rectorat")
        directory.add_person("svincent", surname="Vincent", given_name="Sylvie", numen="12E0000001ABC")
        browser = Browser(open_gateway())
        proved = browser.prove("fdurand4")
        assert "Mot de passe modifié" in browser.choose(proved, NEW).main

        machine.run("operate.md", "## Back up")
        machine.lose_everything()
        machine.run("restore.md", "## When the machines are lost too")
        machine.start()

        browser.client.application = open_gateway()
        assert "fdurand4" in browser.find("Durand", "François").main
        assert "déjà été utilisé" in browser.send(RESET, proved, new_password=OTHER, confirmation=OTHER).main
        assert "Mot de passe modifié" in browser.change("svincent", PASSWORD, OTHER).main
        assert directory.binds("fdurand4", NEW)
        assert directory.read("fdurand4")["mamiaPendingSecret"], "what waited waits again"

    def test_when_made_then_the_workers_key_is_not_in_it_and_root_alone_can_read_it(self, machine):
        machine.run("operate.md", "## Back up")

        backup = machine.root / "backup"
        held = subprocess.run(
            ["tar", "-tzf", backup / "settings.tar.gz"], capture_output=True, text=True, check=True
        ).stdout
        assert "etc/mamia/mamia.toml" in held
        assert "worker.key" not in held
        assert backup.stat().st_mode & 0o077 == 0


@pytest.fixture
def running(tmp_path, kdc, mail_server):
    """A machine whose web service and worker are processes, with a realm as target and a mail server."""
    root = tmp_path / "m"
    more = f"""
[notifications]
spool = "{root}/var/lib/mamia/mails"
smtp_host = "127.0.0.1"
smtp_port = {mail_server.port}
"""
    one = BackedUpMachine(root, target=kdc.target, more=more)
    (root / "var/lib/mamia").mkdir()
    web = ServeProcess(one.config, one.port)
    worker = WorkerProcess(one.config, tmp_path / "worker.log")
    yield one, web, worker
    worker.stop()
    web.stop()
    one.stop()


class TestDirectoryAlone:
    def test_when_it_is_restored_then_it_is_as_it_was(self, machine):
        """Step 3 of the page; there, systemd stops slapd and starts it."""
        machine.directory.add_person("fdurand4")
        machine.run("operate.md", "## Back up")
        machine.directory.add_person("svincent")
        [step] = [one.text for one in page_steps("restore.md", "## Steps") if "slapadd" in one.text]
        _, *commands, _ = step.splitlines()

        machine.directory.slapd.stop()
        machine.run_script("\n".join(commands))
        machine.directory.slapd.start()

        assert [machine.directory.binds(login, PASSWORD) for login in ("fdurand4", "svincent")] == [True, False]


class TestRestoredService:
    def test_when_all_of_it_runs_again_then_it_serves_and_holds_what_waited_and_each_mail_is_sent_once(
        self, running, kdc, mail_server
    ):
        machine, web, worker = running
        for login, surname in (("fdurand4", "Durand"), ("svincent", "Vincent"), ("amartin2", "Martin")):
            machine.directory.add_person(login, surname=surname, departmentNumber="rectorat")
            kdc.add_person(login, PASSWORD)
        kdc.stop()
        mail_server.stop()
        web.start()
        worker.start()
        Visitor(web.address).change("fdurand4", NEW)
        wait_until(lambda: machine.has_tried("fdurand4"))
        machine.run("operate.md", "## Back up")
        # From here on the worker's folder has seen more than the backup.
        Visitor(web.address).change("svincent", NEW)
        wait_until(lambda: machine.has_tried("svincent"))
        web.stop()
        worker.stop()

        machine.lose_everything()
        machine.run("restore.md", "## When the machines are lost too")
        machine.start()
        worker.start()
        wait_until(lambda: "the directory was restored from a backup. 1 people" in worker.log.read_text())
        mail_server.start()
        kdc.start()
        web.start()
        visitor = Visitor(web.address)
        found, changed = visitor.find("Durand"), visitor.change("svincent", OTHER)
        chosen = visitor.choose(visitor.prove("amartin2"), NEW)
        wait_until(lambda: kdc.kinit("svincent", OTHER) and kdc.kinit("amartin2", NEW))
        held = [machine.delivery_state("fdurand4"), kdc.kinit("fdurand4", PASSWORD)]
        resumed = run_mamia("sync", "--config", machine.config, "resume", "--all-held")
        wait_until(lambda: kdc.kinit("fdurand4", NEW))

        assert "fdurand4" in found.main
        assert (SAVED in changed.main, SAVED in chosen.main) == (True, True)
        assert held == ["held", True]
        assert resumed.returncode == 0, resumed.stderr
        # Those that waited before, and those of today.
        assert machine.directory.binds("fdurand4", NEW)
        wait_until(lambda: len(mail_server.mails) == 4)
        receivers = sorted(mail["To"].partition("@")[0] for mail in mail_server.mails)
        assert receivers == ["amartin2", "fdurand4", "svincent", "svincent"]
        wait_until(lambda: not list((machine.root / "var/lib/mamia/mails/new").iterdir()))
