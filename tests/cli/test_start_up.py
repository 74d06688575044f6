"""What a command loads before it works: `mamia --help` and the helpdesk's commands start at once."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

from gateway.cli.command_list import all_commands
from tests.support.mamia_command import MAMIA

HEAVY = {
    "PIL", "cryptography", "faker", "flask", "flask_babel", "gunicorn", "holidays", "jinja2", "ldap3", "limits",
    "nacl", "prometheus_client", "pydantic", "redis", "rich", "tqdm", "zxcvbn",
}  # fmt: skip
NOT_FOR_ACCOUNT = HEAVY - {"ldap3", "pydantic"}
LOADED = """
import json, sys
from gateway.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""
SETTINGS = """
[directory]
servers = ["ldap://127.0.0.1:9"]
bind_dn = "cn=gateway,dc=ac-example,dc=fr"
bind_password = "not-used"
decoy_dn = "cn=decoy,dc=ac-example,dc=fr"
[people]
base = "ou=people,dc=ac-example,dc=fr"
[web]
secret_keys = ["0123456789abcdefghijklmnopqrstuvwxyz"]
"""


@pytest.fixture
def config(tmp_path):
    """Settings of a directory that does not answer: what follows the first connection is left out."""
    file = tmp_path / "mamia.toml"
    file.write_text(SETTINGS)
    return file


def loaded(*arguments: object) -> set[str]:
    """The packages that the command has imported at its end."""
    done = subprocess.run([sys.executable, "-c", LOADED, *map(str, arguments)], capture_output=True, text=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def cpu_seconds(command: list[str]) -> float:
    """The least of five runs, so that a busy machine does not count."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(5))


class TestHelp:
    @pytest.mark.parametrize("name", ["", *(command.name for command in all_commands())])
    def test_when_asked_for_then_nothing_heavy_is_loaded(self, name):
        assert loaded(*name.split(), "--help") & HEAVY == set()

    def test_when_measured_then_it_costs_a_few_times_an_empty_python(self):
        empty = cpu_seconds([sys.executable, "-c", "pass"])

        assert cpu_seconds([*MAMIA, "--help"]) < 10 * empty


class TestAccount:
    def test_when_it_connects_then_only_settings_and_ldap_are_loaded(self, config):
        packages = loaded("account", "fdurand4", "--config", config)

        assert packages & NOT_FOR_ACCOUNT == set()
        assert {"ldap3", "pydantic"} <= packages

    def test_when_measured_then_it_costs_a_few_times_the_settings_alone(self, config):
        settings = cpu_seconds([sys.executable, "-c", "import pydantic_settings, ldap3"])

        assert cpu_seconds([*MAMIA, "account", "fdurand4", "--config", str(config)]) < 3 * settings


class TestServe:
    def test_when_a_site_has_no_passkeys_then_their_library_is_not_loaded(self):
        script = "import sys, gateway.composition.web, gateway.app; print('webauthn' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

        assert done.stdout == "False\n"


class TestKeygen:
    def test_when_it_runs_then_settings_are_not_loaded(self, tmp_path):
        assert loaded("keygen", tmp_path / "worker") & (HEAVY - {"nacl"}) == set()
