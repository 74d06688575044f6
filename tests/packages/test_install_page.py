"""docs/install.md from a bare Debian to people who find, reset and change, with the package and a real systemd."""

from __future__ import annotations

import sys

import pytest

from gateway.account.model import Secret
from gateway.targets.samba_nt import nt_hash
from tests.support.plain_slapd import NUMEN, PASSWORD
from tests.support.polling import wait_until
from tests.support.served_system import SITE, bare_system, binds, follow_install_page, workstation_hash
from tests.support.site_visitor import SiteVisitor

pytestmark = pytest.mark.install

MAX_COMMANDS, MAX_SECONDS = 11, 600


@pytest.fixture
def system(suite, tmp_path):
    with bare_system(suite, tmp_path) as system:
        yield system


class TestInstallPage:
    def test_when_its_commands_are_run_on_a_bare_debian_then_people_are_served(self, suite, system, tmp_path):
        count, seconds = follow_install_page(system, suite)
        sys.stdout.write(f"{suite}: {count} commands, {seconds:.0f} s\n")
        assert count <= MAX_COMMANDS
        assert seconds < MAX_SECONDS
        assert "MA-MAMIA" in system.read("/etc/mamia/mamia.toml").splitlines()[0]

        with system.network():
            visitor = SiteVisitor("https://127.0.0.1", SITE, str(tmp_path / "ca.pem"))
            wait_until(lambda: visitor.status_of("/health/ready") == 200, 60)
            found = visitor.find("Durand", "François", "27/03/1985")
            visitor.reset("fdurand", NUMEN, "27/03/1985", "Nouveau-2031!x")
        was_reset = binds(system, "Nouveau-2031!x") and not binds(system, PASSWORD)
        with system.network():
            visitor.change("fdurand", "Nouveau-2031!x", "Encore-2032!y")

        assert "fdurand" in found.text
        assert was_reset
        assert binds(system, "Encore-2032!y")
        assert workstation_hash(system).lower() == nt_hash(Secret("Encore-2032!y")).lower()
