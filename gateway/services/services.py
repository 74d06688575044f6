"""The collection of all services of the web process."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.services.agent_codes import AgentCodes
from gateway.services.agent_factors import AgentFactors
from gateway.services.agent_people import AgentPeople
from gateway.services.agent_sessions import AgentSessions
from gateway.services.agent_sign_in import AgentSignIn
from gateway.services.api_access import ApiAccess
from gateway.services.change import ChangeService
from gateway.services.disputes import DisputeService
from gateway.services.find import FindService
from gateway.services.recovery import RecoveryService
from gateway.services.recovery_factors import PasskeyService
from gateway.services.reset import ResetService
from gateway.services.reset_codes import ResetCodeService
from gateway.services.results import Results
from gateway.services.robots import RobotService
from gateway.services.second_factor import SecondFactorService
from gateway.services.week import WeekService


@dataclass(frozen=True, slots=True)
class AgentServices:
    """The services of the helpdesk's pages."""

    sign_in: AgentSignIn
    second_factor: AgentFactors
    sessions: AgentSessions
    people: AgentPeople
    codes: AgentCodes | None
    """None if the helpdesk gives no codes."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that pages and API share."""

    robots: RobotService
    find: FindService
    change: ChangeService
    reset: ResetService
    second_factor: SecondFactorService
    results: Results
    disputes: DisputeService
    api_access: ApiAccess
    reset_codes: ResetCodeService | None
    """The codes of the helpdesk; None if it gives none."""
    agents: AgentServices | None = None
    """None if the settings name no agents."""
    week: WeekService | None = None
    """The figures of the last days; None if the settings keep no events."""
    recovery: RecoveryService | None = None
    """None if the settings offer no recovery methods."""
    passkey: PasskeyService | None = None
    """None if the settings offer no passkeys."""
