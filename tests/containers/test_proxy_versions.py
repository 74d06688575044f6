"""Our configuration of nginx, as old and new versions of it read it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.certificates import make_certificates
from tests.support.container_engine import PODMAN_SETTINGS
from tests.support.container_stack import BASE_IMAGES

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("containers")]
FILES = Path(__file__).parents[2] / "deploy" / "nginx"
VERSIONS = {
    "localhost/nginx:bookworm": "1.22.",
    "docker.io/nginxinc/nginx-unprivileged:1.28-alpine": "1.26.",
    "localhost/nginx:sid": "1.",
}
"""Stand-in → what its version begins with."""


class TestConfiguration:
    @pytest.mark.parametrize("image", VERSIONS)
    def test_when_nginx_reads_it_then_it_is_right_although_no_web_service_is_there(self, image, tmp_path):
        (tmp_path / "containers.conf").write_text(PODMAN_SETTINGS)
        environment = {"CONTAINERS_CONF": str(tmp_path / "containers.conf"), **os.environ}
        subprocess.run([BASE_IMAGES], check=True, env=environment)
        made = make_certificates(tmp_path, "localhost")
        mounted = {
            FILES / "nginx.conf": "/etc/nginx/nginx.conf",
            FILES / "mamia.conf": "/etc/nginx/conf.d/default.conf",
            made.certificate: "/run/secrets/tls_certificate",
            made.key: "/run/secrets/tls_key",
        }
        for file in (made.certificate, made.key):
            file.chmod(0o444)
        volumes = [word for source, place in mounted.items() for word in ("-v", f"{source}:{place}:ro")]
        # As root, for Debian's logs; what is tried is how it reads the files.
        run = [
            "podman",
            "run",
            "--rm",
            "--user",
            "0",
            "--network",
            "none",
            *volumes,
            image,
            "sh",
            "-c",
            "nginx -v && nginx -t",
        ]

        done = subprocess.run(run, env=environment, capture_output=True, text=True)

        assert done.returncode == 0, done.stderr
        assert f"nginx/{VERSIONS[image]}" in done.stderr
        assert "test is successful" in done.stderr
        assert not [line for line in done.stderr.splitlines() if "[warn]" in line and "http2" not in line]
