"""A Windows domain as `mamia setup` meets it: each answer is tried on a real domain controller."""

from __future__ import annotations

import tomllib

import pytest

from gateway.demo.private_samba import PEOPLE, REALM, SERVICE
from tests.support.debian_slapd import DebianSlapd

pytestmark = pytest.mark.xdist_group("samba_ad")
ACCOUNT = f"{SERVICE}@{REALM.lower()}"


class TestActiveDirectory:
    def test_when_answers_are_wrong_then_the_domain_says_so_and_right_ones_are_written(
        self, domain_controller, folder, program
    ):
        if not domain_controller.is_running:
            domain_controller.start()
        server = DebianSlapd(folder / "d")
        (program.root / "run/slapd/ldapi").symlink_to(server.socket)
        password = domain_controller.password(SERVICE)
        known = {
            "Phone number": "01 02 03 04 05",
            "Store of counts": "memory://",
            "Names of the site": "localhost",
            "Proxies": "0",
            "Port at which": "18080",
            "Workstations": "2",
            "Domain controllers": domain_controller.url,
            "authority that signed": ["none", str(domain_controller.authority)],
            "Account with the right": ACCOUNT,
            "Where the accounts are": PEOPLE,
            "Password of that account": ["wrong", password],
        }
        try:
            done = program.run("mamia setup", known)
        finally:
            server.stop()

        said = " ".join(done.output.split())
        assert "its certificate is refused" in said
        assert "its certificate is trusted" in said
        assert "the name or the password is wrong" in said
        assert password not in done.output
        folder = program.root / "etc/mamia"
        written = tomllib.loads(program.config.read_text())
        assert written["workstation"]["targets"]["domain"] == {
            "type": "active_directory",
            "servers": [domain_controller.url],
            "ca_file": str(domain_controller.authority),
            "bind_dn": ACCOUNT,
            "base": PEOPLE,
            "bind_password_file": str(folder / "domain.password"),
        }
        assert (folder / "domain.password").read_text() == password
        modes = {
            name: (folder / name).stat().st_mode & 0o777 for name in ("worker.key", "sync.password", "worker.pub")
        }
        assert modes == {"worker.key": 0o600, "sync.password": 0o600, "worker.pub": 0o644}
