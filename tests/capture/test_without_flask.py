"""Listener and worker as real processes that can import nothing of the web service's libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.ldap_clients import Person, ldappasswd
from tests.support.polling import wait_until
from tests.support.worker_process import WorkerProcess

NEW = "Neuf-Passe-2026!"
WEB = ("flask", "flask_babel", "flask_wtf", "jinja2", "werkzeug", "wtforms")
BLOCKER = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {WEB}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

sys.meta_path.insert(0, Blocker())
"""
"""Python imports a module of this name before anything else."""


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """Of a process in which these libraries do not exist."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    return {"PYTHONPATH": str(tmp_path)}


@pytest.fixture
def worker(listener, tmp_path, environment):
    process = WorkerProcess(listener.config, tmp_path / "worker.log", environment)
    yield process
    process.stop()


class TestLibraryOfTheWebService:
    @pytest.mark.parametrize("name", WEB)
    def test_when_it_is_blocked_then_no_process_imports_it(self, environment, name):
        done = subprocess.run(
            [sys.executable, "-c", f"import {name}"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )

        assert f"{name} is blocked" in done.stderr


class TestListenerAndWorker:
    def test_when_flask_cannot_be_imported_then_a_change_is_captured_and_a_delivery_attempted(
        self, reporting, short_folder, listener, worker, environment
    ):
        listener.environment = environment
        listener.start()
        worker.start()
        person = Person(reporting, short_folder, "fdurand4")
        wait_until(lambda: "worker ready for domain" in worker.log.read_text())

        assert ldappasswd(reporting, "-s", NEW, person.dn).returncode == 0

        wait_until(lambda: "domain" in person.states and person.states["domain"].attempts > 0)
        assert person.waiting == NEW
