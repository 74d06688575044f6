"""Two processes that share the folder of webhooks, while one of them waits for the receiver."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway.notifications.outgoing_queue import OutgoingQueue, Queued
from gateway.notifications.outgoing_sender import ELSEWHERE_SECONDS, OutgoingSender
from gateway.notifications.webhook_receiver import Answer, Taken
from tests.support.polling import wait_until

URL = "https://receiver.example.org/hook"


class CountedQueue(OutgoingQueue):
    """Counts how often the folder is looked at."""

    looks = 0

    def has_looked(self, times: int) -> bool:
        return self.looks >= times

    def waiting(self) -> list[Queued]:
        self.looks += 1
        return super().waiting()


class TestAnotherProcess:
    @pytest.fixture
    def other(self, spool_folder: Path) -> OutgoingQueue:
        queue = OutgoingQueue(spool_folder, URL)
        queue.enqueue(b"{}")
        return queue

    @pytest.fixture
    def queue(self, spool_folder: Path) -> CountedQueue:
        return CountedQueue(spool_folder, URL)

    @pytest.fixture
    def sender(self, queue: CountedQueue) -> Iterator[OutgoingSender]:
        sender = OutgoingSender(queue, lambda *_: Answer(Taken.YES), "receiver.example.org", retry_hours=1)
        yield sender
        sender.close()

    def test_when_another_process_sends_an_event_then_this_one_does_not_ask_for_it_without_a_pause(
        self, other: OutgoingQueue, queue: CountedQueue, sender: OutgoingSender
    ) -> None:
        (event,) = other.waiting()

        with other.claim(event):
            started = time.monotonic()
            sender.start()
            wait_until(lambda: time.monotonic() - started > ELSEWHERE_SECONDS)
            looks, seconds = queue.looks, time.monotonic() - started

        assert 1 < looks < 10 * seconds

    def test_when_the_other_process_gives_up_then_this_one_sends_the_event(
        self, other: OutgoingQueue, queue: CountedQueue, sender: OutgoingSender
    ) -> None:
        (event,) = other.waiting()

        with other.claim(event):
            sender.start()
            wait_until(lambda: queue.looks > 1)

        wait_until(lambda: not other.waiting())


class TestReadOnlyFolder:
    def test_when_what_was_sent_cannot_be_removed_then_it_is_not_sent_again_at_once(self, spool_folder: Path) -> None:
        class ReadOnlyQueue(CountedQueue):
            def remove(self, event: Queued) -> None:
                raise OSError(errno.EROFS, "Read-only file system")

        queue, sent = ReadOnlyQueue(spool_folder, URL), []

        def send(id_: str, _: bytes) -> Answer:
            sent.append(id_)
            return Answer(Taken.YES)

        queue.enqueue(b"{}")
        sender = OutgoingSender(queue, send, "receiver.example.org", retry_hours=1)
        sender.start()
        wait_until(lambda: sent)
        for looks in range(queue.looks, queue.looks + 3):
            sender.wake()
            wait_until(partial(queue.has_looked, looks + 1))
        sender.close()

        assert len(sent) == 1
