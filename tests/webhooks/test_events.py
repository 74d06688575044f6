"""Which events the web service sends, what they say, and that nobody waits for them."""

from __future__ import annotations

import re
import time

import pytest

from gateway.notifications.outgoing_queue import waiting_in
from gateway.settings.loader import SettingsError, load
from tests.support.pending_deliveries import pending_deliveries
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import NUMEN, PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"
BIRTH_DATES = ("27/03/1985", "1985-03-27", "19850327")


@pytest.fixture
def person(directory):
    directory.add_person(LOGIN, departmentNumber="rectorat")


@pytest.fixture
def browser(person, open_browser, section):
    # Above the directory's own limit, so that wrong passwords from here can lock the account.
    return open_browser(webhooks=section(), rate_limits={"per_login": "11/5 minutes"})


class TestTypes:
    def test_when_a_password_is_changed_then_the_event_names_the_account_and_is_signed(
        self, browser, receiver, secret
    ):
        browser.change(LOGIN, PASSWORD, NEW)

        got = receiver.first("account.changed")
        assert got.is_signed_by(secret)
        assert set(got.event) == {"type", "timestamp", "data"}
        assert got.event["data"]["login"] == LOGIN
        assert got.event["data"]["outcome"] == "changed"
        assert re.fullmatch(r"[0-9a-f]{16}", got.event["data"]["request"])
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got.event["timestamp"])

    def test_when_a_password_is_reset_then_it_is_a_reset(self, browser, receiver):
        browser.choose(browser.prove(LOGIN), NEW)

        assert receiver.first("account.reset").event["data"]["outcome"] == "reset"

    def test_when_the_initial_password_is_restored_then_it_is_a_reset_too(
        self, person, open_browser, section, receiver
    ):
        open_browser(webhooks=section(), reset={"mode": "initial"}).prove(LOGIN)

        assert receiver.first("account.reset").event["data"]["outcome"] == "initial_restored"

    def test_when_wrong_passwords_lock_the_account_then_it_is_told_once(self, browser, receiver):
        for _ in range(10):
            browser.change(LOGIN, "Certainement-Faux-1", NEW)

        assert receiver.first("account.locked").event["data"]["login"] == LOGIN
        assert receiver.types() == ["account.locked"]

    def test_when_the_person_has_a_workstation_then_the_first_states_are_told(
        self, person, open_browser, section, receiver, tmp_path
    ):
        browser = open_browser(webhooks=section(), workstation=pending_deliveries(tmp_path))

        browser.change(LOGIN, PASSWORD, NEW)

        assert set(receiver.first("account.changed").event["data"]["targets"].values()) == {"pending"}

    def test_when_somebody_reports_a_misuse_then_it_is_disputed(self, browser, receiver):
        result = browser.change(LOGIN, PASSWORD, NEW)

        browser.send(f"{result.path}/signaler", result)

        assert receiver.first("account.disputed").event["data"]["login"] == LOGIN

    def test_when_attempts_fail_then_nothing_is_told(self, browser, receiver):
        browser.change(LOGIN, "wrong", NEW)
        browser.change("unknown", "wrong", NEW)
        browser.prove(LOGIN, proof="12E8534567ABD")

        # What had been queued would come before or together with this one.
        browser.change(LOGIN, PASSWORD, NEW)
        receiver.first("account.changed")
        assert receiver.types() == ["account.changed"]


class TestSecrets:
    def test_when_all_is_used_then_no_event_and_no_file_has_a_password_number_birth_date_or_secret(
        self, person, open_browser, section, receiver, secret, spool_folder
    ):
        receiver.answers = [500] * 2
        browser = open_browser(webhooks=section())

        browser.change(LOGIN, PASSWORD, NEW)
        browser.choose(browser.prove(LOGIN), "Troisieme-2026!")
        wait_until(lambda: len(receiver.got) >= 2)

        files = [file for file in spool_folder.rglob("*") if file.is_file()]
        texts = [file.read_text() for file in files] + [one.body.decode() for one in receiver.got]
        assert len(files) == 2
        for text in texts:
            for word in (
                PASSWORD,
                NEW,
                "Troisieme-2026!",
                NUMEN,
                *BIRTH_DATES,
                secret,
                "@ac-example.fr",
                "127.0.0.1",
            ):
                assert word not in text


class TestWaiting:
    def test_when_the_receiver_hangs_then_the_change_and_its_mail_take_no_longer(
        self, person, open_browser, section, receiver, mail_server, tmp_path, spool_folder
    ):
        receiver.answers = [0] * 20
        mails = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
        browser = open_browser(webhooks=section(timeout_seconds=20), notifications=mails)

        started = time.monotonic()
        page = browser.change(LOGIN, PASSWORD, NEW)
        taken = time.monotonic() - started

        assert "est modifié" in page.main
        assert taken < AT_ONCE_SECONDS
        assert mail_server.to("fdurand4@ac-example.fr")
        assert list(waiting_in(spool_folder))

    def test_when_the_folder_can_not_be_written_any_more_then_the_change_is_confirmed_all_the_same(
        self, browser, spool_folder, caplog
    ):
        for name in ("new", "tmp"):
            (spool_folder / name).rmdir()

        page = browser.change(LOGIN, PASSWORD, NEW)

        assert "est modifié" in page.main
        wait_until(lambda: "a webhook is lost" in caplog.text)


class TestMetrics:
    def test_when_the_receiver_is_away_then_they_show_how_many_wait_and_for_how_long(
        self, person, open_browser, section, receiver
    ):
        receiver.answers = [500] * 50
        browser = open_browser(webhooks=section(), metrics={"allowed_networks": ["127.0.0.0/8"]})
        browser.change(LOGIN, PASSWORD, NEW)
        wait_until(lambda: receiver.got)

        text = browser.client.get("/metrics").text

        assert "mamia_webhooks_waiting 1.0" in text
        assert re.search(r"^mamia_webhooks_oldest_seconds (?!0\.0$)\S+$", text, re.MULTILINE)


class TestSettings:
    def write(self, directory, tmp_path, section):
        return write_settings_file(tmp_path, directory, more=f"[webhooks]\n{section}")

    @pytest.mark.parametrize(
        "section, key",
        [
            ('url = "http://events.example/"', "webhooks.url"),
            ('url = "https://user:password@events.example/"', "webhooks.url"),
            ('url = "https:///path"', "webhooks.url"),
            ('url = "https://events.example/"', "webhooks.secret_file"),
            ('url = "https://events.example/"\nsecret_file = "/s"', "webhooks.spool"),
            ('secret_file = "/s"', "webhooks.url"),
        ],
    )
    def test_when_they_can_not_be_used_then_the_setting_is_named(self, directory, tmp_path, section, key):
        with pytest.raises(SettingsError) as refused:
            load(self.write(directory, tmp_path, section))

        assert [key] == [problem.key for problem in refused.value.problems if problem.key == key]
        assert "password" not in str(refused.value.problems[0].message).replace("user or password", "")

    def test_when_only_the_worker_has_a_folder_then_nothing_is_sent(self, directory, tmp_path):
        settings = load(self.write(directory, tmp_path, 'spool = "/var/lib/mamia-sync/webhooks"'))

        assert not settings.webhooks.is_on
