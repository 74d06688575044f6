"""The site that `mamia setup` writes for nginx: nginx takes it, and it has the rules of deploy/nginx/."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.setup.files import FileState
from gateway.setup.nginx_site import MARK, Certificate, NoCertificate, plan_site, site_text
from gateway.setup.paths import Paths
from tests.support.certificates import make_certificates
from tests.support.nginx_proxy import FILES

SITE = "mon-compte.ac-mine.fr"


def settings(web: dict[str, Any] | None = None, **sections: Any) -> Settings:
    common = {"allowed_hosts": [SITE, "compte.ac-mine.fr"], "trusted_proxies": 1, "port": 8090}
    table: dict[str, Any] = {
        "directory": {"servers": ["ldaps://x"], "bind_dn": "cn=x", "decoy_dn": "cn=d"},
        "people": {"base": "dc=x"},
        "web": {**common, **(web or {})},
    }
    return Settings(**table, **sections)


@pytest.fixture
def machine(tmp_path: Path) -> Paths:
    """A machine with nginx, and with a certificate in Debian's folders."""
    for folder in ("etc/mamia", "etc/nginx/conf.d", "etc/ssl/certs", "etc/ssl/private"):
        (tmp_path / folder).mkdir(parents=True)
    made = make_certificates(tmp_path, SITE)
    (tmp_path / f"etc/ssl/certs/{SITE}.pem").write_text(Path(made.certificate).read_text())
    (tmp_path / f"etc/ssl/private/{SITE}.key").write_text(Path(made.key).read_text())
    return Paths(tmp_path / "etc/mamia/mamia.toml")


def nginx_test(machine: Paths) -> subprocess.CompletedProcess[str]:
    """Run `nginx -t` with a main file as Debian has it, and one more site on the same ports."""
    root = machine.root
    other = "server { listen 80 default_server; listen [::]:80 default_server; client_body_timeout 60s; }"
    (root / "nginx.conf").write_text(
        f"pid {root}/nginx.pid; error_log stderr; events {{}} "
        f"http {{ access_log off; client_body_temp_path {root}/b; client_body_timeout 70s; send_timeout 70s; "
        f"proxy_temp_path {root}/p; "
        f"fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s; "
        f"include {root}/etc/nginx/conf.d/*.conf; {other} }}"
    )
    command = ["nginx", "-t", "-c", str(root / "nginx.conf")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def directives(text: str) -> set[str]:
    """The directives of a configuration that are alike wherever it runs, with one blank between words."""
    places = "server |listen|server_name|ssl_certificate|upstream|proxy_pass |keepalive"
    lines = (re.sub(r"\s+", " ", line.split("#")[0]).strip() for line in text.splitlines())
    return {line for line in lines if line.endswith(";") and not re.match(places, line)}


class TestSite:
    @pytest.mark.parametrize(
        "changed",
        [
            {},
            {"web": {"socket": "/run/mamia-web/web.sock"}},
            {"web": {"listen_address": "::1"}},
            {"api": {"certificate_header": "X-SSL-Client-Cert"}},
        ],
        ids=["port", "socket", "ipv6", "api-clients"],
    )
    def test_when_written_then_nginx_takes_it_beside_the_machines_other_sites(self, machine, changed):
        plan = plan_site(machine, settings(**changed))
        assert plan
        plan.write()

        done = nginx_test(machine)

        assert done.returncode == 0, done.stderr

    def test_when_compared_with_the_containers_proxy_then_it_has_the_same_rules(self, machine):
        text = site_text(settings(api={"certificate_header": "X-SSL-Client-Cert"}), Certificate(Path("c"), Path("k")))

        missing = directives((FILES / "mamia.conf").read_text()) - directives(text)

        assert missing == set()

    def test_when_the_service_has_a_socket_then_nginx_connects_there(self, machine):
        plan = plan_site(machine, settings(web={"socket": "/run/mamia-web/web.sock"}))

        assert plan
        assert "server unix:/run/mamia-web/web.sock;" in plan.content.decode()

    def test_when_the_port_changed_then_the_file_of_the_former_run_is_written_again(self, machine):
        first = plan_site(machine, settings())
        assert first
        first.write()

        second = plan_site(machine, settings(web={"port": 8091}))

        assert second
        assert second.state is FileState.CHANGED
        assert "server 127.0.0.1:8091;" in second.content.decode()

    def test_when_certbot_has_a_certificate_then_that_one_is_named(self, machine):
        live = machine.root / "etc/letsencrypt/live" / SITE
        live.mkdir(parents=True)
        for name in ("fullchain.pem", "privkey.pem"):
            (live / name).write_text("x")

        plan = plan_site(machine, settings())

        assert plan
        assert f"ssl_certificate     {live}/fullchain.pem;" in plan.content.decode()


class TestRefused:
    def test_when_the_file_is_the_administrators_then_it_stays(self, machine):
        machine.nginx_site.write_text("server { listen 8443; }\n")

        assert plan_site(machine, settings()) is None

    def test_when_the_administrator_took_the_first_line_away_then_the_file_stays(self, machine):
        plan = plan_site(machine, settings())
        assert plan
        plan.write()
        machine.nginx_site.write_text(machine.nginx_site.read_text().split("\n", 1)[1])

        assert MARK not in machine.nginx_site.read_text()
        assert plan_site(machine, settings()) is None

    def test_when_there_is_no_certificate_then_nothing_is_written_that_would_stop_nginx(self, machine):
        (machine.root / f"etc/ssl/private/{SITE}.key").unlink()

        with pytest.raises(NoCertificate, match=f"etc/ssl/private/{SITE}.key"):
            plan_site(machine, settings())

    @pytest.mark.parametrize(
        "web", [{"trusted_proxies": 0}, {"trusted_proxies": 2}, {"forwarded_header": "Forwarded"}], ids=str
    )
    def test_when_the_service_expects_another_proxy_then_no_site_is_written(self, machine, web):
        assert plan_site(machine, settings(web=web)) is None

    def test_when_the_machine_has_no_nginx_then_no_site_is_written(self, machine):
        machine.nginx_site.parent.rmdir()

        assert plan_site(machine, settings()) is None
