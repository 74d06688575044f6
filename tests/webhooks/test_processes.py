"""Webhooks of `mamia serve` and `mamia sync` as processes of their own, which are killed between queue and send."""

from __future__ import annotations

import json
import stat
import subprocess

import pytest
import requests

from gateway.notifications.outgoing_queue import OutgoingQueue, waiting_in
from gateway.notifications.webhook_secrets import read_secrets
from tests.support.browser import CHANGE, Page
from tests.support.mamia_command import MAMIA, run_mamia
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD
from tests.support.webhook_receiver import WebhookReceiverServer, receiving
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

LOGIN, NEW = "fdurand4", "Nouveau-2025"
BODY = json.dumps({"type": "account.delivered", "data": {"login": LOGIN}}).encode()


@pytest.fixture
def away():
    """A receiver that does not run yet."""
    return WebhookReceiverServer(port=free_port())


@pytest.fixture
def lines(away, secret_file, spool_folder):
    return f'[webhooks]\nurl = "{away.url}"\nsecret_file = "{secret_file}"\nspool = "{spool_folder}"\n'


class TestServe:
    def test_when_it_is_killed_between_queue_and_send_then_the_next_start_sends(
        self, directory, tmp_path, away, lines, spool_folder, secret
    ):
        directory.add_person(LOGIN)
        more = f"[captcha]\nrequired = []\n{lines}"
        service = ServeProcess.on_a_free_port(
            lambda port: write_settings_file(
                tmp_path, directory, in_web=f"port = {port}\nsecure_cookies = false", more=more
            )
        )
        service.start()
        with requests.Session() as session:
            session.trust_env = False
            address = service.address + CHANGE
            typed = {"login": LOGIN, "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
            form = Page(session.get(address, timeout=60))
            session.post(address, data={**form.fields, **typed}, timeout=60)
        wait_until(lambda: list(waiting_in(spool_folder)))

        service.kill()
        for event in waiting_in(spool_folder):
            # It is due now, and not when the next attempt would have been.
            OutgoingQueue(spool_folder, away.url).postpone(event, event.queued_at)
        with receiving(away):
            service.start()
            got = away.first("account.changed")
            service.stop()

        assert got.event["data"]["login"] == LOGIN
        assert got.is_signed_by(secret)

    def test_when_the_secret_can_not_be_used_then_it_does_not_start_and_says_why(
        self, directory, tmp_path, lines, secret_file, secret
    ):
        config = write_settings_file(tmp_path, directory, more=lines)
        secret_file.write_text(secret.removeprefix("whsec_"))

        done = run_mamia("serve", "--config", config)

        assert done.returncode == 2
        assert "webhook.secret, line 1: no secret" in done.stderr
        assert secret.removeprefix("whsec_") not in done.stderr


class TestSync:
    def test_when_it_starts_then_it_sends_what_waits_in_its_own_folder(
        self, directory, tmp_path, away, lines, secret
    ):
        config = write_settings_file(
            tmp_path, directory, more=f"{worker_section(tmp_path, directory)}\n{ABSENT_DOMAIN}\n{lines}"
        )
        own = tmp_path / "workers-own"
        OutgoingQueue(own, away.url).enqueue(BODY)
        worker = WorkerProcess(config, tmp_path / "log", {"MAMIA_WEBHOOKS__SPOOL": str(own)})

        with receiving(away):
            worker.start()
            got = away.first("account.delivered")
            wait_until(lambda: not list(waiting_in(own)))
            worker.stop()

        assert got.is_signed_by(secret)

    def test_when_its_folder_can_not_be_made_then_it_says_which(self, directory, tmp_path, lines):
        config = write_settings_file(
            tmp_path,
            directory,
            more=f"{worker_section(tmp_path, directory)}\n{ABSENT_DOMAIN}\n{lines}".replace(
                f'spool = "{tmp_path}', f'spool = "{tmp_path}/nowhere'
            ),
        )

        done = run_mamia("sync", "--config", config)

        assert done.returncode == 1
        assert "webhooks.spool" in done.stderr

    def test_when_an_operator_asks_what_waits_then_no_secret_is_needed(self, directory, tmp_path, lines, secret_file):
        config = write_settings_file(
            tmp_path, directory, more=f"{worker_section(tmp_path, directory)}\n{ABSENT_DOMAIN}\n{lines}"
        )
        secret_file.unlink()

        assert run_mamia("sync", "--config", config, "status").returncode == 0


class TestKeygen:
    def test_when_a_secret_is_made_then_owner_and_group_can_read_it_whatever_the_umask_is(self, tmp_path):
        file = tmp_path / "webhook.secret"

        done = subprocess.run(
            [*MAMIA, "keygen", "--webhook", file], check=True, capture_output=True, text=True, umask=0o077
        )

        assert stat.S_IMODE(file.stat().st_mode) == 0o640
        [text] = read_secrets(file).texts
        assert text not in done.stdout
        assert f'webhooks.secret_file = "{file}"' in done.stdout

    def test_when_the_file_is_there_already_then_it_is_not_overwritten(self, secret_file, secret):
        done = run_mamia("keygen", "--webhook", secret_file)

        assert done.returncode == 1
        assert secret_file.read_text().strip() == secret
