"""`mamia settings --migrate`: a file of a former version with present names, and nothing else changed."""

from __future__ import annotations

import json
import tomllib

import pytest

from gateway.settings.loader import load
from gateway.settings.migration import MigrationError, migrate
from gateway.settings.renamed import KEYS, SECTIONS
from tests.support.mamia_command import run_mamia

FORMER = """\
# The académie's own.
[web]
host = "0.0.0.0"      # on the inner network
hosts = [
    "mon-compte.ac-example.fr",   # ways = is no key here
]

[ throttle ]          # counts
store = "redis://valkey:6379/0"
per_login = "5/hour"

[second_proof]
ways = ["mail"]
without = "refuse"

[notices.more]
give_up_hours = 1

[workstation]
give_up_hours = 48
[workstation.targets.sign]
host = "kept"
"""


def former_names():
    """Every former name, in its former section where that was renamed too."""
    of_section = {present: former for former, present in SECTIONS.items()}
    for former in KEYS:
        section, _, key = former.partition(".")
        yield f"{of_section.get(section, section)}.{key}"


class TestText:
    def test_when_names_are_former_ones_then_they_alone_change(self):
        migrated = migrate(FORMER).text

        assert migrated == (
            FORMER.replace('host = "0.0', 'listen_address = "0.0')
            .replace("\nhosts = ", "\nallowed_hosts = ")
            .replace("[ throttle ]", "[ rate_limits ]")
            .replace("[second_proof]\nways", "[second_factor]\nmethods")
            .replace("without =", "if_none_known =")
            .replace("[notices.more]", "[notifications.more]")
            .replace("give_up_hours = 48", "retry_hours = 48")
        )

    def test_when_names_are_former_ones_then_each_is_reported_once(self):
        assert migrate(FORMER).renamed == {
            "web.host": "web.listen_address",
            "web.hosts": "web.allowed_hosts",
            "throttle": "rate_limits",
            "second_proof": "second_factor",
            "second_proof.ways": "second_factor.methods",
            "second_proof.without": "second_factor.if_none_known",
            "notices.more": "notifications.more",
            "workstation.give_up_hours": "workstation.retry_hours",
        }

    @pytest.mark.parametrize("former", tuple(former_names()))
    @pytest.mark.parametrize("form", ["[{section}]\n{key} = 1\n", "{section}.{key} = 1\n"])
    def test_when_it_has_any_former_name_then_the_present_one_is_in_its_place(self, former, form):
        section, _, key = former.partition(".")
        present = SECTIONS.get(section, section)
        wanted = KEYS[f"{present}.{key}"].partition(".")[2]

        migrated = migrate(form.format(section=section, key=key)).text

        assert tomllib.loads(migrated) == {present: {wanted: 1}}

    def test_when_all_names_are_present_ones_then_nothing_changes(self):
        migrated = migrate(migrate(FORMER).text)

        assert (migrated.text, migrated.renamed) == (migrate(FORMER).text, {})

    @pytest.mark.parametrize(
        "text",
        [
            'second_proof = { ways = ["mail"] }\n',
            '"throttle".store = "memory://"\n',
            '[audit]\nfile = """\nto = 1\n"""\n',
            '[web]\nhost = "::1"\nlisten_address = "::1"\n',
        ],
        ids=["inline table", "quoted", "multi-line text", "former and present"],
    )
    def test_when_a_name_is_where_lines_do_not_show_it_then_it_says_so_and_changes_nothing(self, text):
        with pytest.raises(MigrationError, match="rename by hand"):
            migrate(text)


class TestCommand:
    def test_when_run_then_a_file_beside_has_the_same_owner_and_mode_and_the_former_one_stays(self, tmp_path):
        file = tmp_path / "mamia.toml"
        file.write_text(FORMER)
        file.chmod(0o640)

        done = run_mamia("settings", "--migrate", file)

        new = tmp_path / "mamia.toml.new"
        assert done.returncode == 0, done.stderr
        assert "web.host: is web.listen_address now" in done.stdout
        assert (file.read_text(), new.read_text()) == (FORMER, migrate(FORMER).text)
        assert (new.stat().st_mode, new.stat().st_uid) == (file.stat().st_mode, file.stat().st_uid)

    def test_when_the_new_file_exists_then_it_is_left_alone(self, tmp_path):
        file, new = tmp_path / "mamia.toml", tmp_path / "mamia.toml.new"
        file.write_text(FORMER)
        new.write_text("mine")

        done = run_mamia("settings", "--migrate", file)

        assert (done.returncode, new.read_text()) == (1, "mine")

    def test_when_a_setting_is_gone_then_it_is_named_with_what_replaces_it(self, tmp_path):
        file = tmp_path / "mamia.toml"
        file.write_text('[web]\ntls_key_file = "/etc/key"\n')

        done = run_mamia("settings", "--migrate", file, "--json")

        assert done.returncode == 1
        assert "a proxy" in json.loads(done.stdout)["removed"]["web.tls_key_file"]

    def test_when_migrated_then_the_settings_can_be_used(self, tmp_path):
        file = tmp_path / "mamia.toml"
        file.write_text("""
[directory]
servers = ["ldaps://x"]
bind_dn = "cn=x"
bind_password = "x"
decoy_dn = "cn=x"
[people]
base = "dc=x"
[web]
hosts = ["x.example.fr"]
secret_keys = ["0123456789abcdefghijklmnopqrstuvwxyz"]
[throttle]
store = "redis://127.0.0.1/0"
[password]
sign = 1
""")

        run_mamia("settings", "--migrate", file)

        settings = load(tmp_path / "mamia.toml.new")
        assert (settings.web.allowed_hosts, settings.password.special) == (["x.example.fr"], 1)
