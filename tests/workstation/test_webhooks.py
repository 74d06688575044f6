"""What webhooks tell of the worker's deliveries."""

from __future__ import annotations

import json

import pytest

from gateway.composition.worker import DeliveryAudit
from gateway.metrics import Metrics
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.protection.audit import Audit
from gateway.services.webhooks import QueuedWebhooks
from gateway.settings import Audit as AuditSettings
from gateway.workstation.model import Reason, Refused
from gateway.workstation.state import FINAL, DeliveryStatus
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"


@pytest.fixture
def told(tmp_path):
    """The audit of a worker that queues webhooks, and what it has queued."""
    queue, background = OutgoingQueue(tmp_path / "webhooks", "https://events.example/"), BackgroundTasks()
    audit = DeliveryAudit(Audit(AuditSettings()), Metrics(), QueuedWebhooks(queue, background))

    def events():
        background.close()
        bodies = [(queue.folder / "new" / one.id).read_text() for one in queue.waiting()]
        assert all(NEW not in body for body in bodies)
        return [json.loads(body) for body in bodies]

    return audit.record, events


class TestWebhooks:
    def test_when_the_target_takes_the_password_then_it_is_delivered(self, harness, durand, domain, told):
        audit, events = told
        harness.change(durand, PASSWORD, NEW)

        harness.worker(domain, audit=audit).run_once()

        [event] = events()
        assert event["type"] == "account.delivered"
        assert event["data"] == {"login": durand, "outcome": "done", "target": "domain"}

    def test_when_the_target_refuses_for_good_then_it_is_refused_and_the_reason_is_told(
        self, harness, durand, domain, told
    ):
        audit, events = told
        domain.answers = [Refused(Reason.IN_HISTORY, "words of the domain")]
        harness.change(durand, PASSWORD, NEW)

        harness.worker(domain, audit=audit).run_once()

        [event] = events()
        assert event["type"] == "account.refused"
        assert event["data"]["reason"] == "in_history"

    @pytest.mark.parametrize("status", sorted(set(DeliveryStatus) - FINAL))
    def test_when_a_delivery_is_under_way_then_nothing_is_told(self, told, status):
        audit, events = told

        audit("workstation", status, login="fdurand4", target="domain", attempts=1, seconds=1.0)

        assert events() == []

    @pytest.mark.parametrize(
        "status, reason, shown",
        [
            (DeliveryStatus.EXPIRED, "dc1.intranet does not answer", "expired"),
            (DeliveryStatus.REJECTED, "dc1.intranet says no", "other"),
            (DeliveryStatus.REJECTED, Reason.NO_ACCOUNT, "no_account"),
        ],
    )
    def test_when_a_reason_is_for_operators_then_it_stays_in_the_audit(self, told, status, reason, shown):
        audit, events = told

        audit("workstation", status, login="fdurand4", target="domain", reason=reason, attempts=1, seconds=1.0)

        [event] = events()
        assert event["data"]["reason"] == shown
