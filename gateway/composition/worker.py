"""The objects of the worker, which delivers what waits in the outbox."""

from __future__ import annotations

import os
import secrets
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.composition.propagation import utc_now
from gateway.composition.webhooks import BuiltWebhooks, build_webhooks
from gateway.directory.delivery_check import LdapDeliveryCheck
from gateway.directory.failover import LdapServers
from gateway.directory.outbox import LdapOutbox
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.worker_tokens import LdapWorkerTokens
from gateway.metrics import Metrics
from gateway.protection.audit import Audit
from gateway.protection.seal import Unsealer, read_private_key
from gateway.services.webhooks import NoWebhooks, Webhooks
from gateway.settings import Directory, Settings
from gateway.targets import delivered_targets
from gateway.workstation.deliver import DeliveryConfig, DeliveryWorker
from gateway.workstation.hold import HoldingOutbox
from gateway.workstation.ports import Target
from gateway.workstation.restored import RestoreDetector
from gateway.workstation.state import DeliveryStatus
from gateway.workstation.token_file import NoRecord, TokenFile


@dataclass(frozen=True, slots=True)
class DeliveryAudit:
    """Records each event of a delivery in the audit, counts it for the metrics, and tells webhooks."""

    audit: Audit
    metrics: Metrics
    webhooks: Webhooks

    def record(self, service: str, outcome: str, **facts: Any) -> None:
        """Write one line of the audit, count it, and queue its webhook. Never raises."""
        self.audit.record(service, outcome, **facts)
        self.metrics.count_delivery(str(outcome), facts)
        self.webhooks.tell(service, str(outcome), facts.get("login", ""), facts)


@dataclass(frozen=True, slots=True)
class Worker:
    """The objects that the worker uses. Call `close` at the end."""

    delivery_worker: DeliveryWorker
    outbox: LdapOutbox
    targets: dict[str, Target]
    metrics: Metrics
    protected: ProtectedPeople
    webhooks: BuiltWebhooks | None
    resources: ExitStack

    def start(self) -> None:
        """Start the sending of webhooks."""
        if self.webhooks:
            self.webhooks.sender.start()

    def verify_protected(self) -> None:
        """Check that the directory shows who is protected. Raises DirectoryMisconfigured, DirectoryUnavailable."""
        self.protected.verify()

    def measure_webhooks(self) -> None:
        """Update the figures of the webhooks that wait."""
        if self.webhooks:
            self.webhooks.measure(self.metrics)

    def close(self) -> None:
        """Close the connections, the audit and the targets."""
        self.resources.close()


def build_worker(settings: Settings, directory: Directory) -> Worker:
    """Build the objects of the worker. Connects to nothing.

    `directory` holds the settings of the directory with the worker's own account. Raises KeyFileError,
    TokenFileError, WebhooksUnusable, and OSError if a target's secret or a folder cannot be used, or if the audit
    cannot connect to syslog.
    """
    with ExitStack() as stack:
        targets = delivered_targets(settings.workstation)
        for target in targets.values():
            stack.callback(target.close)
        # `mamia sync status` writes nothing, so it also runs for users who may not write the audit.
        webhooks = build_webhooks(settings, stack, max_delay_seconds=0.0)
        queued = webhooks.queued if webhooks else NoWebhooks()
        events = DeliveryAudit(Audit(settings.audit, delay=True), Metrics(), queued)
        stack.callback(events.audit.close)
        events.metrics.begin_worker(targets, DeliveryStatus)
        servers = LdapServers(directory)
        user_binds = ConnectionPool(directory, servers, as_service=False)
        stack.callback(user_binds.close)
        pool = ConnectionPool(directory, servers, as_service=True)
        stack.callback(pool.close)
        protected, outbox = ProtectedPeople(pool, settings.people), LdapOutbox(pool, settings.people)
        delivery_worker = DeliveryWorker(
            worker=f"{socket.gethostname()};{os.getpid()};{secrets.token_hex(3)}",
            outbox=HoldingOutbox(outbox, _restore_detector(settings, directory, pool), events.record),
            targets=targets,
            unseal=Unsealer([read_private_key(file) for file in settings.workstation.private_key_files]),
            delivery=_delivery_check(settings, pool, user_binds, protected),
            now=utc_now,
            monotonic=time.monotonic,
            config=DeliveryConfig(settings.workstation.lease_seconds, settings.workstation.retry_hours),
            audit=events.record,
        )
        return Worker(delivery_worker, outbox, targets, events.metrics, protected, webhooks, stack.pop_all())


def _delivery_check(
    settings: Settings, pool: ConnectionPool, user_binds: ConnectionPool, protected: ProtectedPeople
) -> LdapDeliveryCheck:
    return LdapDeliveryCheck(
        worker=pool,
        user_binds=user_binds,
        people=settings.people,
        workstation_filter=settings.workstation.filter,
        protected=protected,
        lockout=timedelta(minutes=settings.lockout.minutes),
        now=utc_now,
    )


def _restore_detector(settings: Settings, directory: Directory, pool: ConnectionPool) -> RestoreDetector:
    folder = settings.workstation.state_folder
    return RestoreDetector(
        LdapWorkerTokens(pool, directory.bind_dn), TokenFile(folder) if folder else NoRecord(), time.monotonic
    )
