"""The objects of the helpdesk's pages."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

from gateway.account.uniform_time import UniformTime
from gateway.composition.people import people_mapping
from gateway.composition.protection import Protection
from gateway.directory.agents import LdapAgents
from gateway.directory.failover import LdapServers
from gateway.directory.helpdesk_accounts import LdapHelpdeskAccounts
from gateway.directory.policies import Policies, Policy
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.metrics import Metrics
from gateway.protection.event_store import EventStore
from gateway.services.agent_codes import AgentCodes
from gateway.services.agent_people import AgentPeople
from gateway.services.agent_ports import AgentAccounts
from gateway.services.agent_sessions import AgentSessions
from gateway.services.agent_sign_in import AgentSignIn, agent_code_steps
from gateway.services.events import Events
from gateway.services.reset_codes import ResetCodeService
from gateway.services.second_factor import SecondFactorService
from gateway.services.services import AgentServices
from gateway.settings import SecondFactor, Settings
from gateway.settings.service_accounts import helpdesks_directory

CODE_MAIL = "agent_code"
"""The name of the mail that brings an agent's code."""


def build_agent_services(
    settings: Settings,
    passwords: AgentAccounts,
    codes: ResetCodeService | None,
    protection: Protection,
    events: Events,
    event_store: EventStore | None,
    uniform: UniformTime,
    metrics: Metrics,
    stack: ExitStack,
) -> AgentServices | None:
    """Return the services of the pages; None if the settings name no agents. Connects to nothing."""
    directory = helpdesks_directory(settings)
    if not settings.helpdesk.has_pages or directory is None:
        return None
    pool = ConnectionPool(directory, LdapServers(directory), as_service=True, timed=metrics.timed)
    stack.callback(pool.close)
    tickets, agents = protection.tickets, LdapAgents(pool, settings.people, settings.helpdesk)
    sign_in = AgentSignIn(events, passwords, agents, uniform)
    return AgentServices(
        sign_in=sign_in,
        second_factor=SecondFactorService(
            events, agent_code_steps(events, tickets), agents_second_factor(settings), mail=CODE_MAIL
        ),
        sessions=AgentSessions(events, tickets, protection.replay_cache, passwords, agents, settings.helpdesk),
        people=AgentPeople(events, tickets, _accounts(settings, pool), agents, sign_in, event_store),
        codes=AgentCodes(events, sign_in, codes) if codes else None,
    )


def agents_second_factor(settings: Settings) -> SecondFactor:
    """Return the settings of an agent's code: it goes to every private address and phone that can be reached."""
    has_mail = bool(settings.people.private_mail and settings.notifications.spool)
    has_phone = bool(settings.people.phone and settings.second_factor.sms_gateway_url)
    methods = [way for way, is_there in (("mail", has_mail), ("phone", has_phone)) if is_there]
    # Never without a code: with no method at all an agent has no channel, and is refused.
    return settings.second_factor.model_copy(update={"methods": methods or ["mail"], "if_none_known": "refuse"})


def _accounts(settings: Settings, pool: ConnectionPool) -> LdapHelpdeskAccounts:
    assumed = Policy(locks=True, lockout=timedelta(minutes=settings.lockout.minutes))
    return LdapHelpdeskAccounts(
        pool,
        settings.people,
        people_mapping(settings),
        Policies(pool, without_any=assumed),
        ProtectedPeople(pool, settings.people),
    )
