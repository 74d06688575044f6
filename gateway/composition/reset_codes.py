"""The objects for the helpdesk's codes: how a reset uses them, and how they are given."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

from gateway.account.reset_code import CodeHashes
from gateway.directory.account_status import LdapAccounts
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.open_codes import OpenCodes
from gateway.directory.policies import Policies, Policy
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.reset_codes import LdapResetCodes
from gateway.services.events import Events
from gateway.services.reset_codes import CodeAccount, ResetCodeService
from gateway.settings import People, Settings
from gateway.settings.service_accounts import helpdesks_directory


def open_codes(settings: Settings) -> OpenCodes | None:
    """Return what a reset compares codes with; None if the helpdesk gives none."""
    return OpenCodes(CodeHashes(settings.web.keys)) if settings.gives_codes else None


def build_reset_codes(
    settings: Settings,
    service: ConnectionPool,
    mapping: PeopleMapping,
    protected: ProtectedPeople,
    events: Events,
    stack: ExitStack,
) -> ResetCodeService | None:
    """Build the service that gives codes; None if the helpdesk gives none. Connects to nothing."""
    helpdesk, directory = settings.helpdesk, helpdesks_directory(settings)
    if not settings.gives_codes or directory is None:
        return None
    pool = ConnectionPool(directory, LdapServers(directory), as_service=True)
    stack.callback(pool.close)
    assumed = Policy(locks=True, lockout=timedelta(minutes=settings.lockout.minutes))
    agents = ProtectedPeople(service, _agents(settings))

    def is_agent(account: CodeAccount) -> bool:
        return agents.includes(account.dn, account.person.logins)

    return ResetCodeService(
        audit=events.audit,
        accounts=LdapAccounts(service, mapping, Policies(service, without_any=assumed), protected).read,
        codes=LdapResetCodes(service, pool, CodeHashes(settings.web.keys), helpdesk.four_eyes_filter),
        notify=events.notifications.notify,
        code_minutes=helpdesk.code_minutes,
        admit=events.rate_limiter.admit_reset_code,
        is_agent=is_agent,
    )


def _agents(settings: Settings) -> People:
    """Return the settings of people with the agents in the place of those who are protected."""
    groups = [settings.helpdesk.agents_group] if settings.helpdesk.agents_group else []
    return settings.people.model_copy(
        update={"protected_filter": settings.helpdesk.agents_filter, "protected_groups": groups}
    )
