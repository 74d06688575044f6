"""A site in which mistakes are planted: its names, proxy, certificate and templates."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gateway.checks import nginx as nginx_module
from tests.support.certificates import Certificates, make_certificates
from tests.support.http_server import QuietHandler, serving
from tests.support.planted_machine import PlantedMachine
from tests.support.ports import free_port
from tests.support.site_certificates import make_chain
from tests.support.tls_proxy import tls_proxy

SITE = "mon-compte.academie.test"
HOSTS, PROXIES = "web.allowed_hosts", "web.trusted_proxies"
CERTIFICATE = f"certificate of the site {SITE}"
OURS = Path(__file__).parents[2] / "templates"
NGINX = """
upstream mamia {{ server 127.0.0.1:{port}; }}
server {{
    server_name         mon-compte.academie.test;
    ssl_certificate     {folder}/tls/cert.pem;
    ssl_certificate_key {folder}/tls/key.pem;  # of the line above
    location / {{
        proxy_pass http://mamia;
        {headers}
    }}
}}
"""
HEADERS = """proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto https;"""


class PlantedSite(PlantedMachine):
    """A site whose names, proxy and pages are as they should be."""

    stop_program: Any = None
    """Ends the program that has the site's port."""
    site: Any = None
    right_key: bytes = b""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        web = {
            "allowed_hosts": [SITE],
            "trusted_proxies": 1,
            "secure_cookies": True,
            "port": self.port,
            "health_port": 0,
        }
        academy = {"name": "Académie de Test", "mail_domain": "academie.test"}
        support = {"phone": "03 80 00 00 00", "mail": "aide@academie.test"}
        store = {"allow_memory_store": True}
        super().__init__(folder, web=web, academy=academy, support=support, rate_limits=store)

    def web(self, **values: Any) -> None:
        self.set("web", **values)

    def shown(self, made: Certificates) -> None:
        """The certificate in `made` is what the proxy shows."""
        stack = ExitStack()
        port = stack.enter_context(tls_proxy(made, self.port))
        self.later(stack.close)
        self.web(tls_address=f"127.0.0.1:{port}")

    def trusted(self, made: Certificates) -> None:
        self.environment.setenv("SSL_CERT_FILE", str(made.authority))

    def certificate(self, folder: str = "tls", **values: Any) -> Certificates:
        return make_chain(self.made(folder), SITE, **values)

    def nginx(self, headers: str = HEADERS, *, anew: bool = False) -> None:
        if anew:
            shutil.rmtree(self.folder / "tls")
        self.environment.setattr(nginx_module, "FOLDERS", (self.made("conf.d"),))
        if not (self.folder / "tls").exists():
            make_certificates(self.made("tls"), SITE)
            (self.folder / "tls" / "key.pem").chmod(0o600)
        text = NGINX.format(port=self.port, folder=self.folder, headers=headers)
        self.file("conf.d/mamia.conf", text, mode=0o644)

    def template(self, name: str, text: str | bytes, **values: Any) -> Path:
        self.web(templates=self.made("templates"))
        return self.file(f"templates/{name}", text, **{"mode": 0o644, **values})


def another_program(place: PlantedSite) -> int:
    """Let another program have the site's port, and return that port."""
    stack = ExitStack()
    address = stack.enter_context(serving(QuietHandler))
    place.later(stack.close)
    place.stop_program = stack.close
    port = int(address.rpartition(":")[2])
    place.web(port=port)
    return port
