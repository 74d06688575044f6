"""Worker and capture under their units, with a Kerberos realm and a Windows domain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.polling import wait_until
from tests.support.served_system import ServedSystem
from tests.support.served_targets import METRICS_PORT, ServedTargets, served_targets
from tests.support.webhook_receiver import WebhookReceiverServer, receiving
from tests.systemd.test_units import REFUSED_CALL

pytestmark = pytest.mark.install
WORKER, LISTENER = "mamia-sync.service", "mamia-capture.service"
SECRET = "/etc/mamia/webhook.secret"


@pytest.fixture(scope="module")
def targets(served: ServedSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTargets]:
    with served_targets(served, tmp_path_factory.mktemp("t")) as both:
        yield both


class TestWorker:
    def test_when_somebody_changes_then_both_targets_have_it_and_no_call_was_refused(self, served, targets):
        mark = served.system.end_of_journal()

        served.change("Partout-Le-Meme-2050!a")

        wait_until(lambda: targets.accept(served.password))
        assert served.system.property(WORKER, "NRestarts") == "0"
        assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))

    def test_when_it_is_killed_then_another_one_delivers(self, served, targets):
        former = served.system.property(WORKER, "MainPID")

        served.system.run("kill", "-9", former)
        served.change("Apres-La-Fin-2051!b")

        wait_until(lambda: targets.accept(served.password))
        assert served.system.property(WORKER, "MainPID") != former

    def test_when_the_machine_restarts_then_what_waits_is_delivered(self, served, targets):
        targets.stop()
        served.change("Pendant-La-Panne-2052!c")
        assert "pending" in targets.states()

        served.system.reboot()
        targets.start()

        wait_until(lambda: targets.accept(served.password), 120)
        wait_until(lambda: "pending" not in targets.states())

    def test_when_its_metrics_are_asked_for_then_they_are_on_loopback(self, served, targets):
        shown = served.system.shell(f"curl -s http://127.0.0.1:{METRICS_PORT}/metrics").stdout

        assert 'mamia_propagation_waiting{target="realm"}' in shown

    def test_when_it_has_a_state_folder_then_that_is_its_own(self, served, targets):
        kept = served.system.run("stat", "-c", "%U %a %n", "/var/lib/mamia-sync/restore-token.json").stdout

        assert kept.split()[:2] == ["mamia-sync", "600"]

    def test_when_settings_cannot_be_used_then_its_start_fails_and_says_why(self, served, targets):
        with served.written(workstation={"lease_seconds": "bientôt"}):
            started = served.system.run("systemctl", "restart", WORKER, check=False)
            said = served.system.journal("--unit", WORKER, "--lines", "20")
        served.restart(WORKER)

        assert started.returncode != 0
        assert "workstation.lease_seconds" in said


class TestWebhooks:
    def test_when_somebody_changes_then_web_service_and_worker_send_from_folders_of_their_own(self, served, targets):
        """Both read one secret and one settings file; the worker's unit names another folder."""
        served.system.run("mamia", "keygen", "--webhook", SECRET)
        served.system.run("chown", "root:mamia-read", SECRET)
        mark = served.system.end_of_journal()
        with served.system.network(), receiving(WebhookReceiverServer()) as receiver:
            webhooks = {"url": receiver.url, "secret_file": SECRET, "spool": "/var/lib/mamia/webhooks"}
            with served.settings(restart=["mamia.service", WORKER], webhooks=webhooks):
                served.change("Annonce-Partout-2056!g")

                assert receiver.first("account.changed").is_signed_by(served.system.read(SECRET).strip())
                assert receiver.first("account.delivered").is_signed_by(served.system.read(SECRET).strip())
                folders = "/var/lib/mamia/webhooks /var/lib/mamia-sync/webhooks"
                owners = served.system.shell(f"stat -c '%U %a' {folders}").stdout.split("\n")
        assert owners == ["mamia 700", "mamia-sync 700", ""]
        assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))


class TestCapture:
    def test_when_another_program_changes_a_password_then_both_targets_have_it(self, served, targets):
        mark = served.system.end_of_journal()

        targets.change_elsewhere("Par-Un-Autre-2053!d")

        assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))


class TestRotation:
    def test_when_audits_are_rotated_then_each_process_goes_on_in_a_file_of_its_own(self, served, targets):
        """Both units name their own file, because the web service's belongs to another user."""
        files = {f"/var/log/{name}/audit.log": name for name in ("mamia-sync", "mamia-capture")}
        with served.settings(
            restart=[WORKER, LISTENER, "mamia.service"],
            audit={"destination": "file", "file": "/var/log/mamia/audit.log"},
        ):
            targets.change_elsewhere("Avant-La-Rotation-2054!e")
            # Another test of the same day may have rotated.
            served.system.shell("rm -f /var/log/mamia*/audit.log-*")
            served.system.run("logrotate", "--force", "/etc/logrotate.d/mamia")
            targets.change_elsewhere("Apres-La-Rotation-2055!f")

            for file, user in files.items():
                former = served.system.shell(f"ls {file}-*").stdout.split()
                assert served.system.read(former[0]).count("fdurand"), file
                assert served.system.read(file).count("fdurand"), file
                assert served.system.run("stat", "-c", "%U %a", file).stdout.strip() == f"{user} 600"
