"""The OpenAPI document against the running service, by a tool that knows nothing of either."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.api_token import TOKEN
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

WIDE = "100000/minute"


@pytest.fixture
def service(directory, tmp_path):
    """`mamia serve` with one client that may do everything, and limits that nobody meets."""
    directory.add_person("fdurand4")
    more = f"""
[captcha]
required = []
[rate_limits]
per_login = "{WIDE}"
per_person = "{WIDE}"
per_service = "{WIDE}"
per_address = "{WIDE}"
overall = "{WIDE}"
[api.clients.intranet]
token_sha256 = ["{hashlib.sha256(TOKEN.encode()).hexdigest()}"]
services = ["policy", "find", "change", "roundcube"]
addresses = ["127.0.0.0/8"]
rate = "{WIDE}"
"""

    def configure(port: int) -> Path:
        return write_settings_file(tmp_path, directory, in_web=f"secure_cookies = false\nport = {port}", more=more)

    running = ServeProcess.on_a_free_port(configure)
    running.start()
    yield running
    running.stop()


class TestService:
    # The seed keeps it the same from run to run; whoever changes the API tries others, and more examples, by hand.
    def test_when_schemathesis_tries_its_document_then_it_finds_nothing_wrong(self, service, tmp_path):
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.address}/api/v1/openapi.json",
            "--header", f"Authorization: Bearer {TOKEN}", "--checks", "all", "--max-examples", "60", "--seed", "1",
            "--no-color",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        assert "5 passed" in done.stdout or "Tested: 5" in done.stdout, done.stdout[-3000:]


class TestDocument:
    def test_when_it_is_served_then_it_is_openapi_3_1_with_every_operation(self, service):
        document = requests.get(f"{service.address}/api/v1/openapi.json", timeout=60).json()

        assert document["openapi"] == "3.1.0"
        assert sorted(document["paths"]) == [
            "/api/v1/change",
            "/api/v1/find",
            "/api/v1/policy",
            "/api/v1/propagations/{ticket}",
            "/api/v1/roundcube",
        ]
