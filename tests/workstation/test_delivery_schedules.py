"""The newest confirmed password is the last one delivered, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.support.delivery_schedules import DeliverySchedules

TestDeliverySchedules = DeliverySchedules.TestCase
TestDeliverySchedules.settings = settings(
    max_examples=200, stateful_step_count=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
"""A sample that is the same in each run; tests/bench/schedules.py runs as many as one asks for."""
