"""How webhooks wait, are signed, sent and tried again: a real queue, sender and HTTP server."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.notifications import outgoing_queue
from gateway.notifications.outgoing_queue import OutgoingQueue, QueueFull
from gateway.notifications.outgoing_sender import AGES, HOUR, MAX_AT_ONCE, OutgoingSender
from gateway.notifications.webhook_receiver import Taken, WebhookReceiver
from gateway.notifications.webhook_secrets import WebhookSecrets, new_secret, read_secrets
from gateway.tls import verifying_context
from tests.support.certificates import make_certificates
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.ports import free_port
from tests.support.tls_proxy import tls_proxy
from tests.support.webhook_receiver import WebhookReceiverServer, receiving

BODY = json.dumps({"type": "account.changed", "data": {"login": "fdurand4"}}).encode()
SOON = tuple(0.05 * number for number in range(1, 10_000))
"""Ages at the attempts, for tests that do not want to wait."""
LATE = (1000.0,)


def body(login):
    return json.dumps({"type": "account.changed", "data": {"login": login}}).encode()


def receiver_of(url, *secrets, timeout_seconds=20.0):
    return WebhookReceiver(url, WebhookSecrets(secrets or (new_secret(),)), timeout_seconds, verifying_context())


@pytest.fixture
def queue(spool_folder, receiver):
    return OutgoingQueue(spool_folder, receiver.url)


@pytest.fixture
def start(queue, receiver):
    """Starts a sender on the queue."""
    senders = []

    def starter(*secrets, timeout_seconds=20.0, **options):
        send = receiver_of(receiver.url, *secrets, timeout_seconds=timeout_seconds).send
        sender = OutgoingSender(queue, send, "127.0.0.1", **{"retry_hours": 72.0, "ages": SOON, **options})
        senders.append(sender)
        sender.start()
        return sender

    yield starter
    for sender in senders:
        sender.close()


class TestSignature:
    def test_when_there_is_one_secret_then_id_time_and_body_are_signed_by_it(self, receiver, secret):
        receiver_of(receiver.url, secret).send("msg_1", BODY)

        [got] = receiver.got
        assert got.is_signed_by(secret)
        assert got.id == "msg_1"
        assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60
        assert got.headers["content-type"] == "application/json"

    def test_when_there_are_two_secrets_then_each_of_them_verifies(self, receiver):
        new, former = new_secret(), new_secret()

        receiver_of(receiver.url, new, former).send("msg_1", BODY)

        [got] = receiver.got
        assert got.is_signed_by(new)
        assert got.is_signed_by(former)
        assert not got.is_signed_by(new_secret())

    def test_when_a_secret_is_shown_by_mistake_then_it_can_not_be_read(self, secret_file, secret):
        assert secret not in repr(read_secrets(secret_file))


class TestAnswers:
    @pytest.mark.parametrize(
        "status, taken",
        [(200, Taken.YES), (204, Taken.YES), (302, Taken.NO), (400, Taken.NO), (410, Taken.GONE), (500, Taken.NO)],
    )
    def test_when_the_receiver_answers_then_only_2xx_is_a_success(self, receiver, status, taken):
        receiver.answers = [status]

        assert receiver_of(receiver.url).send("msg_1", BODY).taken is taken
        assert len(receiver.got) == 1

    def test_when_nobody_listens_then_it_is_another_attempt(self):
        answer = receiver_of(f"http://127.0.0.1:{free_port()}").send("msg_1", BODY)

        assert answer.taken is Taken.NO
        assert answer.cause == "ConnectionRefusedError"

    def test_when_it_sends_a_byte_now_and_then_then_the_attempt_ends_in_time(self, receiver):
        receiver.drips = True
        started = time.monotonic()

        answer = receiver_of(receiver.url, timeout_seconds=1).send("msg_1", BODY)

        assert answer.taken is Taken.NO
        assert time.monotonic() - started < AT_ONCE_SECONDS


class TestTls:
    @pytest.fixture
    def secured(self, receiver, tmp_path):
        """The address of the receiver behind TLS, and the certificate's authority."""
        made = make_certificates(tmp_path, "localhost")
        with tls_proxy(made, receiver.port) as port:
            yield f"https://localhost:{port}/", made.authority

    def test_when_the_certificate_is_not_trusted_then_nothing_is_sent(self, secured, receiver):
        url, _ = secured

        answer = receiver_of(url).send("msg_1", BODY)

        assert answer.taken is Taken.NO
        assert answer.cause == "SSLCertVerificationError"
        assert receiver.got == []

    @pytest.mark.parametrize("drips, taken", [(False, Taken.YES), (True, Taken.NO)])
    def test_when_it_is_trusted_then_it_is_sent_within_the_same_time_limit(self, secured, receiver, drips, taken):
        url, authority = secured
        receiver.drips = drips
        sender = WebhookReceiver(url, WebhookSecrets((new_secret(),)), 2, verifying_context(authority))

        answer = sender.send("msg_1", BODY)

        assert answer.taken is taken
        assert len(receiver.got) == 1


class TestQueue:
    def test_when_an_event_is_queued_then_only_its_owner_can_read_it(self, queue, spool_folder):
        queue.enqueue(BODY)

        assert spool_folder.stat().st_mode & 0o777 == 0o700
        assert [one.id for one in queue.waiting()] == [file.name for file in (spool_folder / "new").iterdir()]

    def test_when_one_process_sends_it_then_no_other_one_does(self, queue, spool_folder, receiver):
        queue.enqueue(BODY)
        [event] = queue.waiting()
        other = OutgoingQueue(spool_folder, receiver.url)

        with queue.claim(event) as mine, other.claim(event) as theirs:
            assert mine == BODY
            assert theirs is None

    def test_when_another_process_tried_meanwhile_then_its_next_time_is_respected(self, queue):
        queue.enqueue(BODY)
        [event] = queue.waiting()
        queue.postpone(event, time.time() + HOUR)

        with queue.claim(event) as found:
            assert found is None

    def test_when_too_many_wait_then_the_disk_is_not_filled(self, queue, monkeypatch):
        monkeypatch.setattr(outgoing_queue, "MAX_WAITING", 2)
        queue.enqueue(BODY)
        queue.enqueue(BODY)

        with pytest.raises(QueueFull):
            queue.enqueue(BODY)

    def test_when_a_killed_process_left_half_an_event_then_it_is_removed_and_never_sent(
        self, queue, spool_folder, receiver
    ):
        left = spool_folder / "tmp" / "msg_1_00"
        left.write_bytes(b'{"type"')
        os.utime(left, (1, 1))

        again = OutgoingQueue(spool_folder, receiver.url)

        assert not left.exists()
        assert again.waiting() == []


class TestSender:
    def test_when_the_receiver_takes_it_then_it_is_forgotten(self, queue, start, receiver, secret):
        sender = start(secret)
        queue.enqueue(BODY)
        sender.wake()

        wait_until(lambda: not queue.waiting())
        [got] = receiver.got
        assert got.body == BODY
        assert got.is_signed_by(secret)

    def test_when_the_receiver_fails_then_the_same_event_is_sent_again(self, queue, start, receiver, secret):
        receiver.answers = [500, 302, 429]
        queue.enqueue(BODY)
        start(secret)

        wait_until(lambda: not queue.waiting())
        assert len(receiver.got) == 4
        assert len({one.id for one in receiver.got}) == 1
        assert all(one.is_signed_by(secret) for one in receiver.got)

    def test_when_the_receiver_is_gone_then_nothing_more_is_sent_or_queued_and_the_log_says_so(
        self, queue, start, receiver, caplog
    ):
        receiver.answers = [410]
        sender = start()
        queue.enqueue(BODY)
        sender.wake()
        wait_until(lambda: queue.is_gone)

        queue.enqueue(BODY)

        wait_until(lambda: not queue.waiting())
        assert len(receiver.got) == 1
        assert "wants no webhooks any more (410)" in caplog.text

    def test_when_another_receiver_is_named_then_it_is_not_gone(self, queue, spool_folder):
        queue.mark_gone()

        assert OutgoingQueue(spool_folder, "https://other.example/").is_gone is False

    def test_when_one_attempt_hangs_then_the_other_events_are_sent(self, queue, start, receiver):
        receiver.hangs_for = "slow"
        queue.enqueue(body("slow"))
        sender = start(timeout_seconds=300)
        wait_until(lambda: len(receiver.got) == 1)

        queue.enqueue(body("quick"))
        sender.wake()

        wait_until(lambda: len(queue.waiting()) == 1)
        assert [one.event["data"]["login"] for one in receiver.got] == ["slow", "quick"]

    def test_when_the_receiver_hangs_for_everything_then_attempts_end_in_time_and_threads_are_bounded(
        self, queue, start, receiver
    ):
        receiver.answers = [0] * (3 * MAX_AT_ONCE)
        for number in range(3 * MAX_AT_ONCE):
            queue.enqueue(body(f"p{number}"))
        most = 0
        start(timeout_seconds=1, ages=LATE)

        def all_were_tried():
            nonlocal most
            most = max(most, sum(thread.name == "webhook" for thread in threading.enumerate()))
            return all(event.due_at > event.queued_at + 500 for event in queue.waiting())

        # On a busy machine an attempt can end before the receiver has read it.
        wait_until(all_were_tried)
        assert len(queue.waiting()) == 3 * MAX_AT_ONCE
        assert most <= MAX_AT_ONCE

    def test_when_it_waits_for_too_long_then_it_is_dropped_and_the_log_names_it(self, queue, start, receiver, caplog):
        receiver.answers = [500] * 50
        queue.enqueue(BODY)
        [event] = queue.waiting()

        start(retry_hours=1 / 3600)

        wait_until(lambda: not queue.waiting())
        assert event.id in caplog.text
        assert receiver.got[-1].at - event.queued_at >= 0.9

    def test_when_the_receiver_comes_back_then_the_log_says_it_once_for_all(self, queue, start, receiver, caplog):
        caplog.set_level(logging.WARNING)
        receiver.answers = [503] * 3
        for number in range(3):
            queue.enqueue(body(f"p{number}"))

        start()

        wait_until(lambda: not queue.waiting())
        assert "takes webhooks again" in caplog.text
        assert caplog.text.count("does not take webhooks (503)") <= 3

    def test_when_a_power_failure_emptied_a_file_then_the_others_are_sent(self, queue, start, receiver, spool_folder):
        queue.enqueue(BODY)
        [event] = queue.waiting()
        (spool_folder / "new" / event.id).write_bytes(b"")
        queue.enqueue(body("next"))

        start()

        wait_until(lambda: not queue.waiting())
        assert [one.event["data"]["login"] for one in receiver.got] == ["next"]


class TestSchedule:
    def sender(self, queue, retry_hours=1000.0):
        return OutgoingSender(queue, lambda *_: pytest.fail("sends"), "", retry_hours)

    def test_when_attempts_fail_then_the_next_ones_come_as_standard_webhooks_proposes(self, queue):
        sender, ages = self.sender(queue), [0.0]
        while len(ages) < 10:
            ages.append(sender._next_age(ages[-1] + 1))

        pauses = [later - earlier for earlier, later in pairwise(ages)]
        wanted = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
        assert all(0.9 * want <= pause <= 1.11 * want for pause, want in zip(pauses, wanted, strict=True))

    def test_when_the_time_for_attempts_ends_before_then_the_last_one_is_at_its_end(self, queue):
        sender = self.sender(queue, retry_hours=72.0)

        assert sender._next_age(AGES[-2]) == 72 * HOUR

    def test_when_the_clock_was_ahead_then_an_event_is_not_kept_back_for_years(self, queue, start, receiver):
        queue.enqueue(BODY)
        [event] = queue.waiting()
        queue.postpone(event, time.time() + 3650 * 24 * HOUR)

        start()

        wait_until(lambda: receiver.got)


QUEUES_AND_DIES = """
import os, sys
from pathlib import Path
from gateway.notifications.outgoing_queue import OutgoingQueue
OutgoingQueue(Path(sys.argv[1]), sys.argv[2]).enqueue(sys.argv[3].encode())
os.kill(os.getpid(), 9)
"""


class TestKilledProcess:
    def test_when_it_dies_between_queue_and_send_then_the_next_one_sends(self, receiver, spool_folder, start, queue):
        done = subprocess.run(
            [sys.executable, "-c", QUEUES_AND_DIES, str(spool_folder), receiver.url, BODY.decode()],
            check=False,
            cwd=Path(__file__).parents[2],
        )

        start()

        assert done.returncode == -9
        wait_until(lambda: [one.body for one in receiver.got] == [BODY])

    def test_when_the_receiver_was_away_over_a_restart_then_it_gets_everything(self, spool_folder, secret):
        away = WebhookReceiverServer(port=free_port())
        queue = OutgoingQueue(spool_folder, away.url)
        send = receiver_of(away.url, secret).send
        first = OutgoingSender(queue, send, "", 72.0, ages=LATE)
        for number in range(5):
            queue.enqueue(body(f"p{number}"))
        first.start()
        wait_until(lambda: all(event.due_at > event.queued_at + 900 for event in queue.waiting()))
        first.close()
        for event in queue.waiting():
            queue.postpone(event, time.time())

        with receiving(away):
            second = OutgoingSender(queue, send, "", 72.0, ages=SOON)
            second.start()
            wait_until(lambda: not queue.waiting())
            second.close()

        assert sorted(one.event["data"]["login"] for one in away.got) == [f"p{number}" for number in range(5)]
