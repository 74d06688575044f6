"""Mistakes with webhooks: secret, folders, what waits, the receiver. The processes' users are daemon and nobody."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from gateway.checks import sandbox
from gateway.checks.finding import Level
from gateway.checks.http_services import check_http_services
from gateway.checks.private_files import check_private_files
from gateway.checks.webhooks import check_webhooks
from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.notifications.webhook_secrets import new_secret
from tests.support.planted_machine import FOREIGN_USER, WORKERS_USER, PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.ports import free_port
from tests.support.webhook_receiver import WebhookReceiverServer, receiving

UNIT = Path(__file__).parents[3] / "deploy" / "systemd" / "mamia-sync.service"
SECRET, SPOOL = "webhooks.secret_file", "webhooks.spool"
VARIABLE = "Environment=MAMIA_WEBHOOKS__SPOOL="


class PlantedWebhooks(PlantedMachine):
    def good(self, text="", mode=0o640):
        """Secret, receiver and both folders as they should be."""
        self.give_processes_users()
        self.secret = self.file("webhook.secret", text or f"{new_secret()}\n", mode=mode)
        self.spool = self.made("webhooks", mode=0o700, owner=FOREIGN_USER)
        self.own = self.made("own", mode=0o700, owner=WORKERS_USER)
        self.set("webhooks", url=f"http://127.0.0.1:{free_port()}/", secret_file=self.secret, spool=self.spool)
        self.set("workstation", targets={"poste": {"type": "samba_nt"}})
        self.unit(f"{VARIABLE}{self.own}")

    def unit(self, line):
        self.environment.setattr(sandbox, "FOLDER", self.made("units"))
        text = UNIT.read_text()
        old = next(one for one in text.splitlines() if one.startswith(VARIABLE))
        (self.folder / "units" / UNIT.name).write_text(text.replace(old, line))

    def without_secret(self):
        self.good()
        self.secret.unlink()

    def good_with(self, **values):
        self.good()
        self.set("webhooks", **values)

    def given_to(self, user, name):
        self.good()
        self.run("chown", user, self.folder / name)

    def is_gone(self):
        OutgoingQueue(self.spool, "http://127.0.0.1/").mark_gone()
        self.run("chown", "-R", FOREIGN_USER, self.spool)

    def waits(self, hours):
        queue = OutgoingQueue(self.spool, "http://127.0.0.1/")
        queue.enqueue(b"{}")
        [event] = queue.waiting()
        milliseconds = int(1000 * (time.time() - 3600 * hours))
        new = queue.folder / "new"
        (new / event.id).rename(new / f"msg_{milliseconds}_aa")
        self.run("chown", "-R", FOREIGN_USER, self.spool)

    def received(self, *answers):
        server = receiving(WebhookReceiverServer(answers=list(answers)))
        receiver = server.__enter__()
        self.later(lambda: server.__exit__(None, None, None))
        self.set("webhooks", url=receiver.url)


def webhooks(place):
    return check_webhooks(place.settings)


MISTAKES: tuple[Mistake[PlantedWebhooks], ...] = (
    Mistake(
        name="secret missing",
        plant=lambda place: place.without_secret(),
        subject=SECRET,
        message=["No such file", "does not start"],
        hint=["mamia keygen --webhook"],
        fix=lambda place: place.file("webhook.secret", f"{new_secret()}\n", mode=0o640),
        check=webhooks,
    ),
    Mistake(
        name="secret is something else",
        plant=lambda place: place.good("a password"),
        subject=SECRET,
        message=["line 1: no secret"],
        hint=["mamia keygen --webhook"],
        fix=lambda place: place.file("webhook.secret", f"{new_secret()}\n", mode=0o640),
        check=webhooks,
    ),
    Mistake(
        name="secret open to everybody",
        plant=lambda place: place.good(mode=0o644),
        subject=SECRET,
        message=["can be read by others", "chmod 640"],
        hint=["mamia keygen --webhook"],
        fix=lambda place: place.run("chmod", "640", place.secret),
        check=webhooks,
    ),
    Mistake(
        name="folder of another user",
        plant=lambda place: place.given_to("root", "webhooks"),
        subject=SPOOL,
        message=["can't be written by daemon", "mamia serve"],
        hint=["chown -R daemon:"],
        fix=lambda place: place.run("chown", "-R", FOREIGN_USER, place.spool),
        check=webhooks,
    ),
    Mistake(
        name="folder's folder missing",
        plant=lambda place: place.good_with(spool=place.folder / "nowhere" / "webhooks"),
        subject=SPOOL,
        message=["is missing", "mamia serve does not start"],
        hint=["install -d -o daemon"],
        fix=lambda place: place.made("nowhere", mode=0o700, owner=FOREIGN_USER),
        check=webhooks,
    ),
    Mistake(
        name="worker without a folder of its own",
        plant=lambda place: (place.good(), place.unit("")),
        subject=SPOOL,
        message=["names no folder of its own"],
        hint=["MAMIA_WEBHOOKS__SPOOL=", "systemctl edit mamia-sync.service"],
        fix=lambda place: place.unit(f"{VARIABLE}{place.own}"),
        check=webhooks,
    ),
    Mistake(
        name="worker's folder of another user",
        plant=lambda place: place.given_to(FOREIGN_USER, "own"),
        subject=SPOOL,
        message=["can't be written by nobody", "mamia sync"],
        hint=["chown -R nobody:"],
        fix=lambda place: place.run("chown", "-R", WORKERS_USER, place.own),
        check=webhooks,
    ),
    Mistake(
        name="events that wait for hours",
        plant=lambda place: (place.good(), place.waits(5)),
        level=Level.WARN,
        subject=SPOOL,
        message=["1 events wait", "the oldest for 5 h"],
        hint=["journalctl -u mamia"],
        fix=lambda place: shutil.rmtree(place.spool / "new"),
        check=webhooks,
    ),
    Mistake(
        name="receiver that wants nothing more",
        plant=lambda place: (place.good(), place.is_gone()),
        subject=SPOOL,
        message=["answered 410"],
        hint=["rm ", "gone"],
        fix=lambda place: (place.spool / "gone").unlink(),
        check=webhooks,
    ),
    Mistake(
        name="receiver down",
        plant=lambda place: place.good(),
        level=Level.WARN,
        subject="webhooks.url",
        message=["no program listens", "events wait"],
        hint=["webhooks.url"],
        fix=lambda place: place.received(405),
        check=lambda place: check_http_services(place.settings),
    ),
    Mistake(
        name="receiver that redirects",
        plant=lambda place: (place.good(), place.received(302)),
        level=Level.WARN,
        subject="webhooks.url",
        message=["redirects (302)", "events wait"],
        hint=["webhooks.url"],
        fix=lambda place: place.received(405),
        check=lambda place: check_http_services(place.settings),
    ),
)


@pytest.fixture(scope="module")
def place():
    with open_folder() as folder:
        (folder / "machine").mkdir()
        yield PlantedWebhooks(folder / "machine")


def test_when_nothing_is_wrong_then_nothing_is_found_and_no_file_is_made(place):
    try:
        place.good()
        place.run("chgrp", "daemon", place.secret)

        assert problems(webhooks(place)) == []
        assert list(place.spool.iterdir()) == []
    finally:
        place.restore()


def test_when_web_service_and_worker_share_the_secret_then_that_is_no_mistake(place):
    try:
        place.good()
        place.run("chmod", "640", place.secret)
        # daemon and nobody have no common group: one may read it as its owner, the other as its group.
        place.run("chown", f"{FOREIGN_USER}:nogroup", place.secret)

        assert not [one for one in problems(check_private_files(place.settings)) if "breaks into" in one.message]
    finally:
        place.restore()


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
