"""nginx with the files of deploy/nginx/, before services of the tests."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.certificates import make_certificates
from tests.support.polling import wait_until
from tests.support.ports import free_port

FILES = Path(__file__).parents[2] / "deploy" / "nginx"


class Proxy:
    """For https://localhost; its files are in `folder`."""

    dying: tuple[float, float] | None = None
    """It is never killed."""

    def __init__(self, folder: Path, services: Sequence[str]) -> None:
        """`services` are as nginx writes addresses: 127.0.0.1:8080 or unix:/path; they take the places of both."""
        self.certificates = make_certificates(folder, "localhost")
        self.port, self.api_clients_port, self._plain_port = free_port(), free_port(), free_port()
        self._folder = folder
        replaced = {
            "172.30.41.11:8080": services[0],
            "172.30.41.12:8080": services[-1],
            "    listen [::]:8080;\n": "",
            "    listen [::]:8443 ssl http2;\n": "",
            "    listen [::]:8444 ssl http2;\n": "",
            "listen 8080": f"listen 127.0.0.1:{self._plain_port}",
            "listen 8443": f"listen 127.0.0.1:{self.port}",
            "listen 8444": f"listen 127.0.0.1:{self.api_clients_port}",
            "/run/secrets/tls_certificate": str(self.certificates.certificate),
            "/run/secrets/tls_key": str(self.certificates.key),
        }
        self._write("mamia.conf", replaced)
        self._write("nginx.conf", {" /tmp/": f" {folder}/", "/etc/nginx/conf.d/*.conf": f"{folder}/mamia.conf"})

    def _write(self, name: str, replaced: dict[str, str]) -> None:
        text = (FILES / name).read_text()
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        (self._folder / name).write_text(text)

    @property
    def address(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def api_clients_address(self) -> str:
        """Where programs show their certificates."""
        return f"https://localhost:{self.api_clients_port}"

    @property
    def authority(self) -> str:
        """The file of the certificate authority that its clients trust."""
        return str(self.certificates.authority)

    def start(self) -> None:
        # As root its processes would become another user, who may not enter the folders of the tests.
        options = ["-p", str(self._folder), "-c", str(self._folder / "nginx.conf"), "-g", "daemon off; user root;"]
        log = (self._folder / "nginx.log").open("ab")
        with log:
            self._process = subprocess.Popen(["nginx", *options], stderr=log)

    @property
    def pid(self) -> int:
        """Of the process that reads the configuration."""
        return self._process.pid

    def takes_connections(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def take_out(self, service: str) -> None:
        """Send nothing more to one of the services, as docs/upgrade.md says, and wait for its last answers."""
        self._replace(f"server {service} ", f"server {service} down ")

    def bring_back(self, service: str) -> None:
        self._replace(f"server {service} down ", f"server {service} ")

    def _replace(self, old: str, new: str) -> None:
        """Change the configuration and read it again; until the processes that had the old one have ended."""
        file = self._folder / "mamia.conf"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        before = self._children()
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._children() and not before & self._children())

    def _children(self) -> set[int]:
        number = self._process.pid
        return {int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()}

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)
