"""`mamia people import` while slapd is restarted: it goes on, writes everybody once, and says when it gives up."""

from __future__ import annotations

import subprocess
import sys

import ldap
import pytest

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.demo.private_slapd import ADMIN
from gateway.directory.retry import Retry
from tests.support.polling import wait_until
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PEOPLE, SUFFIX

HEAD = "surname;given_name;birth_date;numen\n"
COUNT = 1000


def row(number):
    name = "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}")
    return f"Nom{name};Anne;27/03/1985;12E{number:07}ABC\n"


@pytest.fixture
def started(directory, tmp_path):
    """An import of COUNT people that is under way."""
    (tmp_path / "admin").write_text(directory.slapd.password("admin"))
    config = write_settings_file(tmp_path, directory)
    file = tmp_path / "staff.csv"
    file.write_text(HEAD + "".join(map(row, range(COUNT))))
    command = [sys.executable, "-m", "gateway.cli.main", "people", "import", file, "--config", config]
    own = ["--bind-dn", ADMIN, "--bind-password-file", tmp_path / "admin"]
    process = subprocess.Popen([*command, *own], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: count(directory) > 20)
    yield process
    process.kill()
    process.communicate()


def count(directory):
    with directory.as_admin() as line:
        return len(line.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, attrlist=["1.1"]))


class TestImport:
    @pytest.mark.parametrize("stop", ["stop", "kill"])
    def test_when_slapd_restarts_then_it_goes_on_and_everybody_is_written_once(self, directory, started, stop):
        getattr(directory.slapd, stop)()
        directory.slapd.start()
        present = count(directory)

        stdout, stderr = started.communicate(timeout=300)

        assert present < COUNT, "the import was over before the restart"
        assert started.returncode == 0, stderr
        assert f"{COUNT} created, 0 updated" in stdout
        assert count(directory) == COUNT

    def test_when_slapd_is_away_for_a_while_then_it_says_so_and_waits(self, directory, started):
        directory.slapd.stop()
        reported = started.stderr.readline()
        directory.slapd.start()

        stdout, stderr = started.communicate(timeout=300)

        assert "waiting until the directory is back" in reported
        assert started.returncode == 0, stderr
        assert f"{COUNT} created" in stdout

    def test_when_the_password_is_wrong_then_it_says_so_and_does_not_wait(self, directory, tmp_path):
        (tmp_path / "admin").write_text("wrong")
        config = write_settings_file(tmp_path, directory)
        (tmp_path / "staff.csv").write_text(HEAD + row(1))
        command = [sys.executable, "-m", "gateway.cli.main", "people", "import", tmp_path / "staff.csv"]
        own = ["--bind-dn", f"cn=admin,{SUFFIX}", "--bind-password-file", tmp_path / "admin", "--config", config]

        done = subprocess.run([*command, *own], capture_output=True, text=True)

        assert done.returncode == 1
        assert "refuses the service account" in done.stderr
        assert "waiting" not in done.stderr


class TestRetry:
    def test_when_the_directory_stays_away_then_it_gives_up_for_all_that_follow(self):
        reports: list[DirectoryUnavailable] = []
        attempts: list[None] = []
        retry = Retry(reports.append, max_outage_seconds=0)

        def operation():
            attempts.append(None)
            raise DirectoryUnavailable("away")

        for _ in range(2):
            with pytest.raises(DirectoryUnavailable):
                retry.run(operation)

        assert retry.has_given_up
        assert (len(attempts), len(reports)) == (2, 1)

    def test_when_the_directory_refuses_then_it_does_not_wait(self):
        def operation():
            raise DirectoryMisconfigured("no")

        with pytest.raises(DirectoryMisconfigured):
            Retry().run(operation)
