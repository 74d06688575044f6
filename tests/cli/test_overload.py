"""More people at once than the directory can hash for: nobody is turned away, until the wait would be too long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.browser import CHANGE
from tests.support.serve_process import ServeProcess, fields_of
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SlapdServer

NEW = "Orage-Violet-26"
AT_ONCE = 40
WIDE = "10000000/minute"
LIMITS = "\n".join(f'{name} = "{WIDE}"' for name in ("per_login", "per_address", "per_service", "overall"))


@pytest.fixture(scope="module")
def academy(tmp_path_factory):
    """With Argon2 as it is shipped."""
    directory = SlapdServer(tmp_path_factory.mktemp("overload") / "slapd")
    yield directory
    directory.slapd.stop()


@pytest.fixture
def start(academy, tmp_path):
    started = []

    def starter(in_web, in_directory="", receive_timeout_seconds=30):
        def configure(port):
            config = write_settings_file(
                tmp_path, academy, in_web=f"port = {port}\nsecure_cookies = false\n{in_web}",
                more=f"[captcha]\nrequired = []\n[rate_limits]\n{LIMITS}\n",
            )  # fmt: skip
            text = config.read_text().replace("[directory]\n", f"[directory]\n{in_directory}\n")
            usual = "receive_timeout_seconds = 30"
            config.write_text(text.replace(usual, f"receive_timeout_seconds = {receive_timeout_seconds}"))
            return config

        started.append(ServeProcess.on_a_free_port(configure))
        started[-1].start()
        return started[-1]

    yield starter
    for front_end in started:
        front_end.stop()


def filled_in(front_end, login):
    """Posts the form, which was opened before, when it is called, and opens the page that follows."""
    browser = requests.Session()
    address = front_end.address + CHANGE
    fields = fields_of(browser.get(address, timeout=120).text)
    fields |= {"login": login, "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
    return lambda: browser.post(address, fields, timeout=120)


def is_saved(answer):
    return answer.status_code == 200 and "/resultat/" in answer.url


class TestChanges:
    def test_when_many_come_at_once_then_all_are_done_and_none_must_come_back(self, academy, start):
        logins = [academy.add_person(f"person{number}") for number in range(AT_ONCE)]
        front_end = start("threads = 16")

        with ThreadPoolExecutor(AT_ONCE) as people:
            answers = list(people.map(lambda login: filled_in(front_end, login)(), logins))

        assert [answer.url for answer in answers if not is_saved(answer)] == []
        assert all(academy.binds(login, NEW) for login in logins)

    def test_when_the_wait_for_a_thread_was_too_long_then_they_are_informed_when_to_come_back(self, academy, start):
        """The directory's silence keeps the one thread busy, until its time limit is over."""
        logins = [academy.add_person(f"late{number}") for number in range(4)]
        front_end = start("threads = 1", "max_queue_seconds = 1", receive_timeout_seconds=3)
        forms = [filled_in(front_end, login) for login in logins]
        academy.pause()
        try:
            with ThreadPoolExecutor(len(logins)) as people:
                answers = list(people.map(lambda form: form(), forms))
        finally:
            academy.resume()
        busy = [answer for answer in answers if "très sollicité" in answer.text]

        assert len(busy) == len(logins) - 1
        assert all(answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1 for answer in busy)
        assert all(academy.binds(login, PASSWORD) for login in logins)
        assert is_saved(filled_in(front_end, academy.add_person("after"))())
