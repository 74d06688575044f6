"""The webmail's own plugin, run by PHP in Roundcube's own framework, against the running service."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.api_token import TOKEN
from tests.support.pending_deliveries import pending_deliveries
from tests.support.polling import wait_until
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD
from tests.support.workstation_settings import ABSENT_DOMAIN

NEW = "Nouveau-2025"
DRIVERS = Path("/usr/share/roundcube/plugins/password/drivers")
OURS = Path(__file__).parents[2] / "deploy" / "roundcube"
SUCCESS, ERROR, CONNECT_ERROR = 0, 2, 3
"""As password.php numbers what a driver says; a person reads "saved", "could not be saved", "connection error"."""


@dataclass
class Webmail:
    """Roundcube with the lines of deploy/roundcube/config.inc.php."""

    folder: Path
    service: ServeProcess
    token: str = TOKEN

    def save(
        self, current: str, new: str, user: str = "fdurand4", driver: str = "httpapi"
    ) -> subprocess.CompletedProcess[str]:
        self._configure()
        file = DRIVERS / "httpapi.php" if driver == "httpapi" else OURS / f"{driver}.php"
        wanted = {
            "file": str(file),
            "class": f"rcube_{driver}_password",
            "current": current,
            "new": new,
            "user": user,
        }
        return subprocess.run(
            ["php", "-d", "display_errors=stderr", Path(__file__).with_name("roundcube_driver.php")],
            input=json.dumps(wanted), capture_output=True, text=True, check=True,
            env={**os.environ, "ROUNDCUBE_CONFIG_DIR": str(self.folder)},
        )  # fmt: skip

    def result(self, *arguments: str, **options: str):
        return json.loads(self.save(*arguments, **options).stdout)["result"]

    def _configure(self) -> None:
        lines = (OURS / "config.inc.php").read_text()
        lines = lines.replace("https://compte.ac-example.fr", self.service.address).replace("TOKEN", self.token)
        (self.folder / "config.inc.php").write_text(f"{lines}\n$config['log_dir'] = '{self.folder}';\n")
        (self.folder / "defaults.inc.php").write_text("<?php require '/etc/roundcube/defaults.inc.php';")


@pytest.fixture
def service(directory, tmp_path):
    """`mamia serve` with the webmail as its one client."""
    pending_deliveries(tmp_path)
    more = f"""
[captcha]
required = []
[rate_limits]
per_login = "5/5 minutes"
[audit]
destination = "file"
file = "{tmp_path}/audit.log"
[workstation]
public_key_file = "{tmp_path}/worker.pub"
{ABSENT_DOMAIN}
[api.clients.webmail]
token_sha256 = ["{hashlib.sha256(TOKEN.encode()).hexdigest()}"]
services = ["roundcube", "policy"]
addresses = ["127.0.0.0/8"]
"""

    def configure(port: int) -> Path:
        return write_settings_file(tmp_path, directory, in_web=f"secure_cookies = false\nport = {port}", more=more)

    running = ServeProcess.on_a_free_port(configure)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def webmail(service, tmp_path):
    (tmp_path / "roundcube").mkdir()
    return Webmail(tmp_path / "roundcube", service)


class TestPassword:
    def test_when_it_is_changed_in_the_webmail_then_directory_and_workstation_are_to_have_it(
        self, directory, webmail
    ):
        directory.add_person("fdurand4", departmentNumber="rectorat")

        assert webmail.result(PASSWORD, NEW) == SUCCESS

        assert directory.binds("fdurand4", NEW)
        wait_until(lambda: "mamiaPendingSecret" in directory.read("fdurand4"))

    @pytest.mark.parametrize("new", ["Été à Nîmes 1!", "plus+et&=%20-1A", " Blancs 2025- ", "Clé🔑-2025-x"])
    def test_when_it_has_unusual_characters_then_the_directory_has_exactly_it(self, directory, webmail, new):
        directory.add_person("fdurand4")

        assert webmail.result(PASSWORD, new) == SUCCESS
        assert directory.binds("fdurand4", new)


class TestRefusal:
    @pytest.mark.parametrize(
        "current, new, reason",
        [
            (PASSWORD, "a", "Le nouveau mot de passe doit contenir au moins 8\u00a0caractères."),
            (PASSWORD, "Durand-2025", "ne doit pas contenir votre nom"),
            ("Faux-Passe-1", NEW, "Identifiant ou mot de passe incorrect"),
        ],
    )
    def test_when_the_own_driver_gets_it_then_the_person_reads_not_saved_and_the_log_says_why(
        self, directory, webmail, current, new, reason
    ):
        """Its driver passes no text on: PASSWORD_ERROR alone, and not a connection error."""
        directory.add_person("fdurand4")

        done = webmail.save(current, new)

        assert json.loads(done.stdout)["result"] == ERROR
        assert reason in done.stderr
        assert not [secret for secret in (current, new) if len(secret) > 1 and secret in done.stderr]
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_our_driver_gets_it_then_the_person_reads_why(self, directory, webmail):
        directory.add_person("fdurand4")

        result = webmail.result(PASSWORD, "a", driver="mamia")

        assert result["code"] == ERROR
        assert "Le nouveau mot de passe doit contenir au moins 8\u00a0caractères." in result["message"]


class TestOurDriver:
    def test_when_it_changes_a_password_then_it_has_shown_the_rules_and_the_directory_takes_it(
        self, directory, webmail
    ):
        directory.add_person("fdurand4")

        reported = json.loads(webmail.save(PASSWORD, NEW, driver="mamia").stdout)

        assert reported["result"] == SUCCESS
        assert "contenir au moins 8\u00a0caractères" in reported["rules"]
        assert directory.binds("fdurand4", NEW)


class TestOutage:
    @pytest.mark.parametrize("driver", ["httpapi", "mamia"])
    def test_when_the_directory_is_down_then_it_is_a_connection_error(self, directory, webmail, driver):
        directory.slapd.stop()

        assert webmail.result(PASSWORD, NEW, driver=driver) == CONNECT_ERROR


class TestToken:
    @pytest.mark.parametrize("driver", ["httpapi", "mamia"])
    def test_when_it_is_wrong_then_it_is_a_connection_error_and_the_log_says_why(self, directory, webmail, driver):
        webmail.token = "not-the-token"

        done = webmail.save(PASSWORD, NEW, driver=driver)

        assert json.loads(done.stdout)["result"] == CONNECT_ERROR
        assert "401" in done.stderr


class TestTries:
    def test_when_there_were_too_many_then_the_person_reads_not_saved(self, directory, webmail):
        directory.add_person("fdurand4")
        for _ in range(5):
            webmail.result("Faux-Passe-1", NEW)

        assert "nombre de tentatives" in webmail.result(PASSWORD, NEW, driver="mamia")["message"]
        assert directory.binds("fdurand4", PASSWORD)
