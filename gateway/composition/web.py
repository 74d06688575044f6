"""The web service."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from gateway.account.admission import Admission
from gateway.account.change import change_password
from gateway.account.find import find_account
from gateway.account.model import FindRequest
from gateway.account.outcomes import Found, Refused
from gateway.account.policy import PasswordRules
from gateway.account.reset import choose_password, restore_initial_password, verify_identity
from gateway.account.uniform_time import UniformTime
from gateway.checks.machine import check_store
from gateway.checks.protected import check_decidable
from gateway.checks.readiness import Readiness
from gateway.checks.servers import check_decoy
from gateway.composition.directory_watch import DirectoryWatch
from gateway.composition.propagation import build_propagation
from gateway.composition.rules import password_rules
from gateway.directory.failover import LdapServers
from gateway.directory.known_servers import refuse_other_servers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.password_write import PasswordWriter
from gateway.directory.passwords import LdapPasswords
from gateway.directory.people import LdapPeople
from gateway.directory.policies import Policies
from gateway.directory.policy_overlay import PolicyProof
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.metrics import Metrics
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.sms import SmsGateway
from gateway.notifications.spool import Spool
from gateway.protection.audit import Audit
from gateway.protection.captcha.challenge import Captcha
from gateway.protection.captcha.proof_of_work import ProofOfWork
from gateway.protection.clock import SystemClock
from gateway.protection.rate_limiting.limiter import RateLimiter
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.protection.replay import MemoryReplayCache, SharedReplayCache
from gateway.protection.tickets import Tickets
from gateway.settings import Directory, Settings
from gateway.tls import verifying_context
from gateway.web import follow_up
from gateway.web.desk import Desk
from gateway.web.pages.change import ChangeService
from gateway.web.pages.reset import ResetServices
from gateway.web.propagation_status import Progress


@dataclass(frozen=True, slots=True)
class Gateway:
    """The services, ready to be put behind pages."""

    desk: Desk
    metrics: Metrics
    update_metrics: Callable[[], None]
    """Write the figures that are read only when somebody asks for them."""
    find: Callable[[FindRequest], Found | Refused]
    reset: ResetServices
    change: ChangeService
    progress: Progress
    ask_directory: Callable[[], None]
    checks: Callable[[], Mapping[str, str]]
    """What was checked lately, and whether it is OK."""
    verify_servers: Callable[[], None]
    """Raises UnsupportedServer where one of the directory's servers is another product than OpenLDAP."""
    verify_protected: Callable[[], None]
    """Raises DirectoryMisconfigured where it can't be decided who is protected, and DirectoryUnavailable."""
    start: Callable[[], None]
    """Begin with what goes on in the background; only once the process that serves is forked."""
    close: Callable[[], None]


def build_gateway(settings: Settings) -> Gateway:
    """Wire the services to the directory. Connects to nothing: a directory that is down may come up later.

    Raises KeyFileError.
    """
    metrics = Metrics()
    servers = LdapServers(settings.directory)
    user_binds = ConnectionPool(settings.directory, servers, as_service=False, timed=metrics.timed)
    has_policy = PolicyProof(user_binds, settings.directory.decoy_dn)
    service = ConnectionPool(settings.directory, servers, as_service=True, timed=metrics.timed, verify=has_policy)
    proofs = ConnectionPool(settings.directory, servers, as_service=False, timed=metrics.timed)
    replicas = _replicas(settings.directory, metrics)
    mapping = PeopleMapping(settings.people, settings.academy.mail_domain)
    rules = password_rules(settings)
    propagation = build_propagation(settings, service, mapping)
    protected = ProtectedPeople(service, settings.people)
    passwords = LdapPasswords(
        service=service,
        user_binds=user_binds,
        writer=PasswordWriter(service, proofs, mapping, proves_by_bind=settings.directory.prove_by_bind),
        mapping=mapping,
        decoy_dn=settings.directory.decoy_dn,
        lockout=timedelta(minutes=settings.lockout.minutes),
        policies=Policies(service),
        initial_policy=settings.reset.initial_policy,
        propagation=propagation,
        protected=protected,
    )
    people = LdapPeople(service, replicas, mapping, protected.includes if protected.is_configured else None)
    hashing = _admission(settings)
    proofs_time = _uniform_time(settings, _admission(settings))
    desk = _desk(settings, rules, metrics, hashing)
    watch = DirectoryWatch(settings, metrics) if settings.directory.monitor else None
    proofs_limit = partial(follow_up.admits_account, desk, "reset")

    def start() -> None:
        if desk.mails:
            desk.mails.start()

    def close() -> None:
        desk.background.close()
        for pool in (service, user_binds, proofs, replicas):
            if pool:
                pool.close()
        if watch:
            watch.close()
        desk.audit.close()
        if desk.mails:
            desk.mails.close()

    return Gateway(
        desk=desk,
        metrics=metrics,
        update_metrics=partial(_update_metrics, metrics, desk.rate_limiter, watch),
        find=partial(find_account, people=people, uniform=_uniform_time(settings, _admission(settings))),
        reset=ResetServices(
            prove=partial(verify_identity, passwords=passwords, uniform=proofs_time, admits=proofs_limit),
            choose=partial(choose_password, passwords=passwords, rules=rules, admission=hashing),
            reset_to_initial=partial(
                restore_initial_password,
                passwords=passwords,
                uniform=proofs_time,
                admits=proofs_limit,
                admission=hashing,
            ),
        ),
        change=partial(
            change_password,
            passwords=passwords,
            rules=rules,
            uniform=_uniform_time(settings, hashing),
            admits=partial(follow_up.admits_account, desk, "change"),
        ),
        progress=propagation.states,
        ask_directory=people.check,
        checks=Readiness(
            (
                partial(check_store, settings),
                lambda: service.run_idempotent(lambda connection: check_decoy(settings, "directory", connection)),
                lambda: check_decidable("directory", protected),
            )
        ),
        verify_servers=partial(refuse_other_servers, settings.directory),
        verify_protected=protected.verify,
        start=start,
        close=close,
    )


def _update_metrics(metrics: Metrics, rate_limiter: RateLimiter, watch: DirectoryWatch | None) -> None:
    """A store that can't be reached keeps its last figures: `store_unavailable` among the outcomes reports it."""
    with suppress(StoreUnavailable):
        usage = rate_limiter.usage()
        metrics.set_store(usage.keys, usage.full_ratio)
    if watch:
        watch.refresh()


def _admission(settings: Settings) -> Admission:
    """One for what hashes passwords, and one for each service that does not, so that these never wait for those."""
    directory = settings.directory
    all_at_once = directory.max_concurrent_attempts or len(os.sched_getaffinity(0))
    return Admission(
        clock=SystemClock(),
        max_at_once=max(1, all_at_once // settings.web.processes),
        max_wait_seconds=directory.max_queue_seconds,
    )


def _uniform_time(settings: Settings, admission: Admission) -> UniformTime:
    return UniformTime(clock=SystemClock(), min_seconds=settings.directory.min_refusal_seconds, admission=admission)


def _replicas(directory: Directory, metrics: Metrics) -> ConnectionPool | None:
    if not directory.read_servers:
        return None
    reading = directory.for_reading
    return ConnectionPool(reading, LdapServers(reading), as_service=True, timed=metrics.timed)


def _desk(settings: Settings, rules: PasswordRules, metrics: Metrics, hashing: Admission) -> Desk:
    """Raises OSError where the audit's file or the spool can't be had."""
    keys, second_factor, notifications = settings.web.keys, settings.second_factor, settings.notifications
    store = Store(settings.rate_limits.store, tls_strict=settings.rate_limits.store_tls_strict)
    replay_cache = SharedReplayCache(store) if store.is_shared else MemoryReplayCache()
    tickets = Tickets(keys, replay_cache=replay_cache)
    lifetime_seconds = 60 * settings.captcha.lifetime_minutes
    token = second_factor.sms_gateway_token.get_secret_value() if second_factor.sms_gateway_token else ""
    return Desk(
        settings=settings,
        rules=rules,
        captcha=Captcha(tickets, lifetime_seconds),
        work=ProofOfWork(keys, replay_cache, lifetime_seconds),
        tickets=tickets,
        rate_limiter=RateLimiter(settings.rate_limits, store, keys[0], _client_rates(settings)),
        audit=Audit(settings.audit, count=lambda service, outcome: metrics.outcomes.labels(service, outcome).inc()),
        mails=Spool(notifications, notifications.spool) if notifications.spool else None,
        sms=(
            SmsGateway(
                second_factor.sms_gateway_url,
                token,
                second_factor.sms_gateway_timeout_seconds,
                verifying_context(strict=second_factor.sms_gateway_tls_strict),
            )
            if second_factor.sms_gateway_url
            else None
        ),
        background=BackgroundTasks(),
        refuse_if_full=hashing.refuse_if_full,
    )


def _client_rates(settings: Settings) -> dict[str, str]:
    return {name: client.rate for name, client in settings.api.clients.items()}
