"""Metrics for Prometheus. Labels have few fixed values: no login, no address, nothing that was typed.

Several processes write into one folder, and the process that is asked adds their values up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FINAL = ("done", "rejected", "expired")
KINDS, ENDINGS = ("run_idempotent", "run_once"), ("ok", "error")
"""Of an operation on the directory."""
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
DIRECTORY_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
ATTEMPTS = (1, 2, 3, 5, 10, 30, 100)
AGE_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)


class Metrics:
    """The counters, histograms and gauges of one process."""

    def __init__(self) -> None:
        # The library decides at its import whether processes share a folder.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        registry = self._registry = CollectorRegistry()
        counter, histogram = partial(Counter, registry=registry), partial(Histogram, registry=registry)
        # With several processes, the values of `summed` are added up, and of `latest` the newest is used.
        summed = partial(Gauge, registry=registry, multiprocess_mode="livesum")
        latest = partial(Gauge, registry=registry, multiprocess_mode="mostrecent")
        # fmt: off
        self.requests = histogram(
            "mamia_request_seconds", "Time to answer", ["route", "method", "status"], buckets=REQUEST_SECONDS)
        self.outcomes = counter("mamia_outcomes", "Events of the audit", ["service", "outcome"])
        self.directory = histogram(
            "mamia_directory_seconds", "Time of one question or write to the directory", ["kind", "ended"],
            buckets=DIRECTORY_SECONDS)
        self.busy = summed("mamia_directory_connections_busy", "Connections to the directory in use")
        self.age = histogram(
            "mamia_propagation_age_seconds", "From the change to the target's answer", ["target", "outcome"],
            buckets=AGE_SECONDS)
        self.attempts = histogram(
            "mamia_propagation_attempts", "Attempts until the target's final answer", ["target"], buckets=ATTEMPTS)
        self.waiting = latest("mamia_propagation_waiting", "Passwords that wait", ["target"])
        self.oldest = latest("mamia_propagation_oldest_seconds", "Age of the oldest password that waits", ["target"])
        self.held = latest(
            "mamia_propagation_held", "Passwords held since the directory was restored from a backup", ["target"])
        self.moved_out = latest(
            "mamia_propagation_moved_out", "Entries moved out of people.base while a password waits in them")
        self.store_keys = latest("mamia_store_keys", "Keys in the store of counts and used tickets")
        self.store_full = latest("mamia_store_full_ratio", "Share of the store's memory that is in use")
        self.webhooks_waiting = latest("mamia_webhooks_waiting", "Webhooks that wait for the receiver")
        self.webhooks_oldest = latest("mamia_webhooks_oldest_seconds", "Age of the oldest webhook that waits")
        self.directory_operations = latest(
            "mamia_directory_operations", "Operations that a server completed", ["server", "operation"])
        self.service_connections = latest(
            "mamia_directory_service_connections", "Connections that are bound as a service account",
            ["server", "account", "expected"])
        # fmt: on
        # The library looks a child up under a lock, with new texts, each time.
        self.request_of, self.outcome_of = cache(self.requests.labels), cache(self.outcomes.labels)
        self._operation = cache(self.directory.labels)

    def begin_web(self, outcomes: Iterable[tuple[str, str]]) -> None:
        """Start the counts of the web service at 0; `outcomes`: each service with each of its outcomes.

        A count that appears with its first event has never risen for Prometheus, so no alert sees that event.
        """
        for service, outcome in outcomes:
            self.outcome_of(service, outcome)
        for kind, ended in product(KINDS, ENDINGS):
            self._operation(kind, ended)

    def begin_worker(self, targets: Collection[str], outcomes: Iterable[str]) -> None:
        """Start the counts of the worker at 0, for each target with each of its outcomes; see `begin_web`."""
        for target in targets:
            self.attempts.labels(target)
        for target, outcome in product(targets, outcomes):
            self.age.labels(target, outcome)

    def text(self) -> tuple[bytes, str]:
        """Return the metrics in Prometheus' text format, and the content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self.registry()), CONTENT_TYPE_LATEST

    def registry(self) -> CollectorRegistry:
        """Return the metrics of all processes if several share a folder, else those of this process."""
        if not os.environ.get(FOLDER_VARIABLE):
            return self._registry
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        return registry

    def count_delivery(self, outcome: str, facts: Mapping[str, Any]) -> None:
        """Count one event of the worker's audit.

        `facts` has `target`, `seconds` since the change, and `attempts`.
        """
        target = facts.get("target", "")
        self.age.labels(target, outcome).observe(facts.get("seconds", 0.0))
        if outcome in FINAL:
            self.attempts.labels(target).observe(facts.get("attempts", 1))

    def watch_outbox(self, ages: Mapping[str, Sequence[float]], held: Mapping[str, int], *, moved_out: int) -> None:
        """Set what waits in the outbox.

        `ages`: target → ages in seconds of the passwords that wait for it. `held`: target → number of held passwords.
        `moved_out`: number of passwords in entries that were moved out of people.base.
        """
        self.moved_out.set(moved_out)
        for target, seconds in ages.items():
            self.waiting.labels(target).set(len(seconds))
            self.oldest.labels(target).set(max(seconds, default=0.0))
        for target, count in held.items():
            self.held.labels(target).set(count)

    def set_store(self, keys: int, full_ratio: float) -> None:
        """Set the number of keys in the store of counts, and the share of its memory that is used (0 to 1)."""
        self.store_keys.set(keys)
        self.store_full.set(full_ratio)

    def set_webhooks(self, count: int, oldest_seconds: float) -> None:
        """Set how many webhooks wait, and the age of the oldest one."""
        self.webhooks_waiting.set(count)
        self.webhooks_oldest.set(oldest_seconds)

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Measure one operation on the directory; `kind` is one of KINDS."""
        started, ended = time.perf_counter(), "error"
        self.busy.inc()
        try:
            yield
            ended = "ok"
        finally:
            self.busy.dec()
            self._operation(kind, ended).observe(time.perf_counter() - started)
