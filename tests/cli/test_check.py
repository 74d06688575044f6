"""`mamia check`: the gateway's rules against those of a real domain."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.composition.rules import password_rules
from gateway.demo.private_samba import BASE, PEOPLE
from gateway.settings.loader import load
from tests.support.capture_process import CaptureProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import QUICK_HASH, SUFFIX, SlapdServer
from tests.support.worker_process import write_settings

pytestmark = pytest.mark.xdist_group("samba_ad")


def check(config, *options):
    command = [sys.executable, "-m", "gateway.cli.main", "check", "--config", str(config), *options]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def answered_directory():
    """slapd asks a process of `mamia capture` before it judges a password, as an academy's does."""
    with tempfile.TemporaryDirectory(prefix="chk-") as name:
        folder = Path(name)
        academy = SlapdServer(folder / "slapd", hash_cost=QUICK_HASH)
        academy.slapd.ask_before_writes(folder / "s")
        more = f"""
[capture]
socket = "{folder}/s"
answer_only = true
[workstation]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
"""
        process = CaptureProcess(folder, write_settings_file(folder, academy, more=more))
        process.start()
        yield academy
        process.stop()
        academy.slapd.stop()


@pytest.fixture
def directory(answered_directory):
    answered_directory.remove_everybody()
    return answered_directory


@pytest.fixture
def config(tmp_path, directory, domain_controller):
    directory.add_person("fdurand4")
    if not domain_controller.is_running:
        domain_controller.start()
    return write_settings(tmp_path, directory, domain_controller)


@pytest.fixture
def strict_domain(domain_controller):
    """It asks for more than the gateway does."""
    domain_controller.tool("domain", "passwordsettings", "set", "--min-pwd-length=12", "--history-length=24")
    yield domain_controller
    domain_controller.tool("domain", "passwordsettings", "set", "--min-pwd-length=8", "--history-length=3")


class TestCheck:
    def test_when_the_gateway_is_as_strict_then_it_says_so(self, config, domain_controller):
        domain_controller.add_people(["checked1"], "Somebody-2026")

        done = check(config)

        assert done.returncode == 0, done.stdout
        assert "OK    rules of workstation.targets.domain: the gateway is as strict" in done.stdout
        assert "OK    workstation.targets.domain: can be reached, and takes passwords from its account" in done.stdout

    def test_when_the_domain_is_stricter_then_it_warns_with_the_settings_that_fix_it(self, config, strict_domain):
        done = check(config, "--json")

        findings = [finding for finding in json.loads(done.stdout) if finding["subject"].startswith("rules of")]
        assert {finding["level"] for finding in findings} == {"WARN"}
        fixes = " ".join(finding["hint"] for finding in findings)
        assert "[workstation.targets.domain.rules] min_length = 12" in fixes
        assert "password.history = 24" in fixes

    def test_when_its_hint_was_taken_over_then_the_pages_ask_as_much_and_the_warning_is_gone(
        self, config, strict_domain
    ):
        config.write_text(
            config.read_text() + "[workstation.targets.domain.rules]\nmin_length = 12\ncomplexity = true\n"
        )

        assert password_rules(load(config)).min_length == 12
        assert "12 characters, the gateway" not in check(config).stdout

    def test_when_the_domain_is_down_then_it_warns_that_nothing_could_be_compared(self, config, domain_controller):
        config.write_text(config.read_text().replace(domain_controller.url, "ldaps://127.0.0.1:9"))

        done = check(config)

        assert done.returncode == 1
        assert "FAIL  workstation.targets.domain: ldaps://127.0.0.1:9" in done.stdout
        assert "rules of workstation.targets.domain: they can't be read" in done.stdout

    def test_when_the_right_to_reset_is_missing_then_it_fails_and_says_which_to_give(self, config, domain_controller):
        config.write_text(config.read_text().replace(PEOPLE, f"CN=Users,{BASE}"))

        done = check(config)

        assert "FAIL  workstation.targets.domain: the right to reset this password is missing" in done.stdout
        assert 'to fix: delegate "reset password"' in done.stdout
