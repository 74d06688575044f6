"""Tasks that nobody waits for: none delays an answer, and none is lost when the process ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import partial

import pytest

from gateway.notifications.background import BackgroundTasks
from tests.support.polling import wait_until

NEW = "Nouveau-2025"


class TestTasks:
    def test_when_the_queue_is_closed_then_all_of_them_were_run_in_their_order(self):
        done: list[int] = []
        tasks = BackgroundTasks()
        for number in range(100):
            tasks.submit(partial(done.append, number))

        tasks.close()

        assert done == list(range(100))

    def test_when_the_process_ends_and_nobody_closed_them_then_they_are_run(self):
        program = (
            "import time\n"
            "from gateway.notifications.background import BackgroundTasks\n"
            "tasks = BackgroundTasks()\n"
            "tasks.submit(lambda: time.sleep(0.3))\n"
            "tasks.submit(lambda: print('written', flush=True))\n"
            "raise SystemExit(0)\n"
        )

        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert ended.stdout == "written\n"


class TestTask:
    def test_when_the_queue_is_closed_already_then_it_is_run_at_once(self):
        done: list[str] = []
        tasks = BackgroundTasks()
        tasks.close()

        tasks.submit(lambda: done.append("late"))

        assert done == ["late"]

    def test_when_too_many_wait_then_it_is_dropped_and_the_log_says_so(self, caplog):
        is_over = threading.Event()
        done: list[str] = []
        tasks = BackgroundTasks(max_waiting=2)

        def first() -> None:
            if is_over.wait(60):
                done.append("first")

        tasks.submit(first)
        tasks.submit(lambda: done.append("second"))

        tasks.submit(lambda: done.append("third"))

        is_over.set()
        tasks.close()
        assert done == ["first", "second"]
        assert "dropped" in caplog.text

    def test_when_it_fails_then_the_next_one_is_run_and_the_log_has_the_type_alone(self, caplog):
        done: list[str] = []
        tasks = BackgroundTasks()

        def fail() -> None:
            int("what a person typed")

        tasks.submit(fail)
        tasks.submit(lambda: done.append("next"))

        tasks.close()

        assert done == ["next"]
        assert "ValueError" in caplog.text
        assert "typed" not in caplog.text


@pytest.fixture
def stalled(monkeypatch):
    """A disk that does not answer until the event is set; the test is told once something waits for it."""
    is_over, is_waiting = threading.Event(), threading.Event()

    def enqueue(*_: object) -> None:
        is_waiting.set()
        assert is_over.wait(60)

    monkeypatch.setattr("gateway.notifications.spool.Spool.enqueue", enqueue)
    yield is_over, is_waiting
    is_over.set()


class TestLockOut:
    def test_when_the_disk_of_the_mails_does_not_answer_then_the_refusal_comes_all_the_same(
        self, directory, open_browser, tmp_path, stalled
    ):
        is_over, is_waiting = stalled
        directory.add_person("fdurand4")
        browser = open_browser(notifications={"spool": tmp_path / "mails", "smtp_host": ""})
        for _ in range(9):
            directory.binds("fdurand4", "wrong")

        page = browser.change("fdurand4", "Certainement-Faux-1", NEW)

        assert page.status == 422
        assert "pwdAccountLockedTime" in directory.read("fdurand4")
        wait_until(is_waiting.is_set)
        assert not is_over.is_set()
