"""A real directory, realm, store, web service and worker, and a real Prometheus that scrapes both processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from gateway.demo.private_slapd import ldif_folder
from gateway.workstation.state import read_state
from tests.support.browser import CHANGE, RESET, Page
from tests.support.kdc_server import KdcServer
from tests.support.load_generator import LIMITS, WIDE
from tests.support.mamia_command import run_mamia
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus
from tests.support.redis_server import RedisServer
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import QUICK_HASH, SlapdServer
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import worker_section

LOGINS = [f"agent{number}" for number in range(8)]
STRICT = LOGINS[7]
"""From whom the realm wants a longer password than the pages do."""
STRICT_POLICY = "strict"
NEW = "Nouveau-2025!"
DIRECTORY_TIME = "%Y%m%d%H%M%SZ"


class WatchedSite:
    """Everything that the alerts and the dashboard are about. Call `close` at the end."""

    def __init__(self, folder: Path, kdc: KdcServer) -> None:
        self.folder, self.kdc = folder, kdc
        self.directory = SlapdServer(folder / "slapd", hash_cost=QUICK_HASH)
        self.directory.load((ldif_folder() / "46-monitor.ldif").read_text(), as_config=True)
        self.redis = RedisServer(folder, options={"maxmemory": "512mb", "maxmemory-policy": "noeviction"})
        self.worker_port = free_port()
        self.web = ServeProcess.on_a_free_port(self._settings)
        self.web.log = folder / "web.log"
        self.worker = WorkerProcess(self.web.config, folder / "worker.log")
        self.prometheus = Prometheus(folder / "prometheus", {"mamia": self.web.port, "mamia-sync": self.worker_port})
        self._running = ExitStack()

    def start(self) -> None:
        """Start every process, and wait until Prometheus has scraped both."""
        self._running.callback(self.directory.slapd.stop)
        for process in (self.redis, self.web, self.worker, self.prometheus):
            self._running.callback(process.stop)
            process.start()
        self._add_people()
        wait_until(lambda: self.prometheus.up() == {"mamia", "mamia-sync"})

    def close(self) -> None:
        self._running.close()

    def send(self, path: str, **typed: str) -> Page:
        """Fill a form in and send it."""
        with requests.Session() as session:
            session.headers["Connection"] = "close"
            page = Page(session.get(self.web.address + path, timeout=60))
            return Page(session.post(self.web.address + path, data={**page.fields, **typed}, timeout=60))

    def change(self, login: str, current: str, new: str) -> Page:
        return self.send(CHANGE, login=login, current_password=current, new_password=new, confirmation=new)

    def guess_numbers(self, attempts: int) -> None:
        """Several wrong numbers at the same time, as a script sends them."""
        numbers = [f"12E{number:07}ABC" for number in range(attempts)]
        with ThreadPoolExecutor(max_workers=8) as pool:
            answers = pool.map(
                lambda proof: self.send(RESET, login=LOGINS[0], proof=proof, birth_date="27/03/1985"), numbers
            )
            assert {answer.status for answer in answers} == {422}

    def status_of(self, login: str) -> str:
        """How far the person's password has come on its way to the realm."""
        state = read_state(self.directory.read(login)["mamiaSyncState"][0])
        assert state
        return str(state.status)

    def make_older(self, login: str, hours: int) -> None:
        """Make the password that waits as old as if it had been changed that long ago."""
        since = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)
        # Else the directory would have a newer password than the one that waits.
        self.directory.set(login, "pwdChangedTime", f"{since:{DIRECTORY_TIME}}")
        state = read_state(self.directory.read(login)["mamiaSyncState"][0])
        assert state
        self.directory.set(login, "mamiaSyncState", str(replace(state, since=since, stored="")))

    def deliver(self, login: str) -> None:
        """Try at once what waits for the realm, until the realm has it."""

        def is_done() -> bool:
            # Refused where the worker itself was faster.
            run_mamia("sync", "retry", login, "--config", self.web.config)
            return self.status_of(login) == "done"

        wait_until(is_done)

    def mamia(self, *arguments: str) -> None:
        """Run a command of the administrator, as a runbook says it."""
        done = run_mamia(*arguments, "--config", self.web.config)
        assert done.returncode == 0, done.stdout + done.stderr

    def _add_people(self) -> None:
        self.kdc.admin(f"addpol -minlength 40 {STRICT_POLICY}")
        for login in LOGINS:
            self.directory.add_person(login, departmentNumber="rectorat")
            self.kdc.add_person(login, "Ancien-Pw-2024!" * 3, STRICT_POLICY if login == STRICT else "people")

    def _settings(self, port: int) -> Path:
        """Write the settings of both processes: wide rate limits, no CAPTCHA, and everything that can be watched."""
        limits = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)
        more = f"""
[captcha]
required = []
[metrics]
allowed_networks = ["127.0.0.1"]
worker_port = {self.worker_port}
[rate_limits]
store = "{self.redis.url}"
{limits}
{worker_section(self.folder, self.directory)}
state_folder = "{self.folder}/state"
lease_seconds = 4
poll_seconds = 0.1
{self.kdc.target}"""
        in_web = f"port = {port}\nsecure_cookies = false"
        file = write_settings_file(self.folder, self.directory, in_web=in_web, more=more)
        watched = '[directory]\nmonitor = true\nexpected_addresses = ["127.0.0.1/32"]\n'
        file.write_text(file.read_text().replace("[directory]\n", watched))
        return file
