"""What `mamia check` finds on the machine and beside it."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.machine import check_machine
from gateway.protection.seal import make_key_pair
from tests.support.gateway_settings import settings_for
from tests.support.ports import free_port


def levels(server, **sections):
    return {finding.subject: finding for finding in check_machine(settings_for(server, **sections))}


class TestMachine:
    def test_when_all_is_well_then_nothing_fails(self, server, mail_server, tmp_path):
        found = levels(
            server,
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
            web={"port": free_port(), "health_port": 0},
        )

        assert not [finding for finding in found.values() if finding.level is Level.FAIL]
        assert found["notifications.smtp_host"].level is Level.OK

    def test_when_a_check_fails_itself_then_that_is_said_and_the_others_go_on(self, server, monkeypatch):
        def broken(settings):
            raise ZeroDivisionError("secret")

        monkeypatch.setattr("gateway.checks.machine.check_mail", broken)

        found = levels(server)

        assert found["notifications"].level is Level.FAIL
        assert "ZeroDivisionError" in found["notifications"].message
        assert "secret" not in found["notifications"].message
        assert "audit" in found


class TestStore:
    def test_when_it_cannot_be_reached_then_it_fails_and_says_what_that_does_to_people(self, server):
        found = levels(server, rate_limits={"store": f"redis://127.0.0.1:{free_port()}/0"})["rate_limits.store"]

        assert found.level is Level.FAIL
        assert "503" in found.hint

    def test_when_it_is_memory_and_people_reach_the_service_then_it_warns_what_a_restart_forgets(self, server):
        found = levels(server, web={"trusted_proxies": 1}, rate_limits={"allow_memory_store": True})[
            "rate_limits.store"
        ]

        assert found.level is Level.WARN
        assert "used tickets" in found.message

    def test_when_it_is_memory_and_only_this_machine_reaches_the_service_then_it_is_enough(self, server):
        assert levels(server)["rate_limits.store"].level is Level.OK


class TestMailServer:
    def test_when_it_is_down_then_it_warns_that_mails_wait(self, server, tmp_path):
        notices = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": free_port()}

        assert levels(server, notifications=notices)["notifications.smtp_host"].level is Level.WARN


class TestSecretFiles:
    def test_when_others_may_read_them_then_it_warns_with_the_command(self, server, tmp_path):
        (tmp_path / "keys").write_text("x" * 40)
        (tmp_path / "keys").chmod(0o644)

        found = levels(server, web={"secret_keys_file": tmp_path / "keys"})["files with secrets"]

        assert found.level is Level.WARN
        assert found.hint == f"chmod 600 {tmp_path / 'keys'}"

    def test_when_the_process_is_not_their_owner_then_it_can_still_read_them_after_the_command(
        self, server, tmp_path, monkeypatch
    ):
        """As in a container, where files of the host are mounted and no user of ours is known."""
        (tmp_path / "keys").write_text("x" * 40)
        (tmp_path / "keys").chmod(0o644)
        monkeypatch.setattr("os.geteuid", lambda: 10001)

        found = levels(server, web={"secret_keys_file": tmp_path / "keys"})["files with secrets"]

        assert found.hint == f"chown 10001 {tmp_path / 'keys'} && chmod 400 {tmp_path / 'keys'}"


class TestWebSecret:
    @pytest.mark.parametrize("targets, reported", [({}, False), ({"poste": {"type": "samba_nt"}}, True)])
    def test_when_it_is_in_the_settings_then_it_warns_that_the_worker_could_read_it(
        self, server, tmp_path, targets, reported
    ):
        make_key_pair(tmp_path / "one.key", tmp_path / "one.pub")

        found = levels(server, workstation={"targets": targets, "public_key_file": tmp_path / "one.pub"})

        assert ("secrets in the settings" in found) is reported

    def test_when_it_comes_from_the_environment_or_is_the_stores_then_each_is_reported_as_it_is(
        self, server, tmp_path, monkeypatch
    ):
        make_key_pair(tmp_path / "one.key", tmp_path / "one.pub")
        monkeypatch.setenv("MAMIA_WEB__SECRET_KEYS", '["0123456789abcdefghijklmnopqrstuvwxyz"]')
        store = f"redis://127.0.0.1:{free_port()}/0?password=secret"
        targets = {"targets": {"poste": {"type": "samba_nt"}}, "public_key_file": tmp_path / "one.pub"}

        found = levels(server, workstation=targets, rate_limits={"store": store})["secrets in the settings"].message

        assert "web.secret_keys" not in found
        assert "rate_limits.store" in found


class TestKeys:
    @pytest.mark.parametrize("fits, level", [(True, Level.OK), (False, Level.FAIL)])
    def test_when_public_and_private_are_here_then_they_are_compared(self, server, tmp_path, fits, level):
        make_key_pair(tmp_path / "one.key", tmp_path / "one.pub")
        make_key_pair(tmp_path / "two.key", tmp_path / "two.pub")
        workstation = {
            "targets": {"poste": {"type": "samba_nt"}},
            "public_key_file": tmp_path / "one.pub",
            "private_key_files": [tmp_path / ("one.key" if fits else "two.key")],
        }

        assert levels(server, workstation=workstation)["the worker's keys"].level is level


class TestAudit:
    def test_when_its_file_cannot_be_written_then_it_fails(self, server, tmp_path):
        found = levels(server, audit={"destination": "file", "file": tmp_path / "none" / "audit.log"})

        assert found["audit"].level is Level.FAIL


class TestCaptcha:
    def test_when_the_way_without_perception_is_off_then_it_warns(self, server):
        assert levels(server, captcha={"methods": ["picture"]})["captcha.methods"].level is Level.WARN
