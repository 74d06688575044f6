"""A replica gets what it needs first, and goes on copying when its provider is set up afterwards."""

from __future__ import annotations

import json

from tests.support.installed_program import InstalledProgram
from tests.support.plain_slapd import PlainSlapd
from tests.support.polling import wait_until
from tests.support.two_suffixes import READER, Replica, TwoSuffixes

ANSWERS = """
[academy]
name = "Académie"
[support]
phone = "01 02 03 04 05"
[rate_limits]
store = "memory://"
allow_memory_store = true
[capture]
[setup]
class_for = "(objectClass=inetOrgPerson)"
"""


def set_up(server: PlainSlapd, program: InstalledProgram) -> dict[str, object]:
    """Answer for `server`, and apply."""
    (program.root / "run/slapd/ldapi").symlink_to(server.socket)
    (program.root / "answers.toml").write_text(ANSWERS)
    login = ["--bind-dn", server.admin_dn, "--bind-password-file", server.admin_password_file]
    done = program.setup("--json", "--apply", "--answers", program.root / "answers.toml", *login)
    result: dict[str, object] = json.loads(done.stdout)
    return result


class TestReplica:
    def test_when_it_is_set_up_before_its_provider_then_it_copies_what_setup_writes(self, folder):
        provider = TwoSuffixes(folder / "d")
        replica = Replica(folder / "r", provider)
        try:
            first = set_up(replica, InstalledProgram(folder / "q"))
            second = set_up(provider, InstalledProgram(folder / "p"))

            assert "applied" in first, first
            assert "applied" in second, second
            replica.wait_until_it_holds("cn=decoy,ou=services,dc=ac-mine,dc=fr", "numen")
            replica.wait_until_it_holds(provider.dn("nroux"))
            wanted = provider.read(provider.dn("nroux"))["objectClass"]
            assert "mamiaPerson" in wanted
            wait_until(lambda: replica.read(provider.dn("nroux"))["objectClass"] == wanted)
            rules = "".join(provider.read_configuration(provider.database)["olcAccess"])
            assert f'by dn.exact="{READER}" read' in rules.partition("mamiaPasswordStamp")[2]
        finally:
            replica.stop()
            provider.stop()
