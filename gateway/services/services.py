"""The collection of all services of the web process."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.services.api_access import ApiAccess
from gateway.services.change import ChangeService
from gateway.services.find import FindService
from gateway.services.recovery import RecoveryService
from gateway.services.recovery_factors import PasskeyService
from gateway.services.reset import ResetService
from gateway.services.results import Results
from gateway.services.robots import RobotService
from gateway.services.second_factor import SecondFactorService


@dataclass(frozen=True, slots=True)
class Services:
    """The services that pages and API share."""

    robots: RobotService
    find: FindService
    change: ChangeService
    reset: ResetService
    second_factor: SecondFactorService
    results: Results
    api_access: ApiAccess
    recovery: RecoveryService | None = None
    """None if the settings offer no recovery methods."""
    passkey: PasskeyService | None = None
    """None if the settings offer no passkeys."""
