"""The one place that knows everybody."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from gateway.account.change import change_password
from gateway.account.find import find_account
from gateway.account.model import FindRequest
from gateway.account.outcomes import Found, Refused
from gateway.account.policy import PasswordRules
from gateway.account.reset import choose_password, prove_identity, restore_initial_password
from gateway.capture.follower import Follower
from gateway.checks.machine import check_store
from gateway.checks.readiness import Readiness
from gateway.checks.servers import check_decoy
from gateway.directory.accounts import LdapAccounts
from gateway.directory.announcement import normalised
from gateway.directory.captured import LdapCaptured
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.outbox import LdapOutbox
from gateway.directory.passwords import LdapPasswords
from gateway.directory.people import LdapPeople
from gateway.directory.pool import ConnectionPool
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.metrics import Metrics
from gateway.post.spool import Spool
from gateway.post.text_message import TextMessages
from gateway.protection.audit import Audit
from gateway.protection.breached import PwnedPasswords, is_common
from gateway.protection.captcha import Captcha
from gateway.protection.clock import SystemClock
from gateway.protection.proof_of_work import ProofOfWork
from gateway.protection.seal import Sealer, Unsealer, read_private_key, read_public_key
from gateway.protection.spent import MemorySpent, SharedSpent
from gateway.protection.store import Store
from gateway.protection.strength import Strength
from gateway.protection.throttle import Throttle
from gateway.protection.tickets import Tickets
from gateway.settings import Directory, SambaNtTarget, Settings
from gateway.targets import delivered_targets, joined_targets
from gateway.web.desk import Desk
from gateway.web.pages.change import ChangeService
from gateway.web.pages.reset import ResetServices
from gateway.web.progress import Progress
from gateway.workstation.deliver import Courier, Pace
from gateway.workstation.ports import Target


@dataclass(frozen=True, slots=True)
class Gateway:
    """The services, ready to be put behind pages."""

    desk: Desk
    metrics: Metrics
    find: Callable[[FindRequest], Found | Refused]
    reset: ResetServices
    change: ChangeService
    progress: Progress
    ask_directory: Callable[[], None]
    checks: Callable[[], Mapping[str, str]]
    """What was checked lately, and whether it is OK."""
    start: Callable[[], None]
    """Begin with what goes on in the background; only once the process that serves is forked."""
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Worker:
    """The other process: what it needs to deliver."""

    courier: Courier
    outbox: LdapOutbox
    targets: dict[str, Target]
    metrics: Metrics
    close: Callable[[], None]


def build(settings: Settings) -> Gateway:
    """Wire the services to the directory. Connects to nothing: a directory that is down may come up later.

    Raises KeyFileError.
    """
    metrics = Metrics()
    servers = LdapServers(settings.directory)
    service = ConnectionPool(settings.directory, servers, as_service=True, timed=metrics.timed)
    trials = ConnectionPool(settings.directory, servers, as_service=False, timed=metrics.timed)
    replicas = _replicas(settings.directory, metrics)
    mapping = PeopleMapping(settings.people)
    rules = password_rules(settings)
    propagation = _propagation(settings, service, mapping)
    passwords = LdapPasswords(
        service=service,
        trials=trials,
        mapping=mapping,
        decoy_dn=settings.directory.decoy_dn,
        lockout=timedelta(minutes=settings.lockout.minutes),
        initial_policy=settings.reset.initial_policy,
        propagation=propagation,
    )
    people = LdapPeople(service, replicas, mapping)
    clock = SystemClock()
    desk = _desk(settings, rules, metrics)

    def start() -> None:
        if desk.mails:
            desk.mails.start()

    def close() -> None:
        for pool in (service, trials, replicas):
            if pool:
                pool.close()
        desk.audit.close()
        if desk.mails:
            desk.mails.close()

    return Gateway(
        desk=desk,
        metrics=metrics,
        find=partial(find_account, people=people, clock=clock),
        reset=ResetServices(
            prove=partial(prove_identity, passwords=passwords, clock=clock),
            choose=partial(choose_password, passwords=passwords, rules=rules),
            restore_initial=partial(restore_initial_password, passwords=passwords, clock=clock),
        ),
        change=partial(change_password, passwords=passwords, rules=rules, clock=clock),
        progress=propagation.states,
        ask_directory=people.check,
        checks=Readiness(
            (
                partial(check_store, settings),
                lambda: service.ask(lambda connection: check_decoy(settings, "directory", connection)),
            )
        ),
        start=start,
        close=close,
    )


def _replicas(directory: Directory, metrics: Metrics) -> ConnectionPool | None:
    if not directory.read_servers:
        return None
    reading = directory.for_reading
    return ConnectionPool(reading, LdapServers(reading), as_service=True, timed=metrics.timed)


def _desk(settings: Settings, rules: PasswordRules, metrics: Metrics) -> Desk:
    """Raises OSError where the audit's file or the spool can't be had."""
    keys, second_proof, notices = settings.web.keys, settings.second_proof, settings.notices
    store = Store(settings.throttle.store)
    spent = SharedSpent(store) if store.is_shared else MemorySpent()
    tickets = Tickets(keys, spent=spent)
    lifetime_seconds = 60 * settings.captcha.minutes
    token = second_proof.hook_token.get_secret_value() if second_proof.hook_token else ""
    return Desk(
        settings=settings,
        rules=rules,
        captcha=Captcha(tickets, lifetime_seconds),
        work=ProofOfWork(keys, spent, lifetime_seconds),
        tickets=tickets,
        throttle=Throttle(settings.throttle, store, keys[0], _client_rates(settings)),
        audit=Audit(settings.audit, count=lambda service, outcome: metrics.outcomes.labels(service, outcome).inc()),
        mails=Spool(notices, notices.spool) if notices.spool else None,
        text_messages=(
            TextMessages(second_proof.hook_url, token, second_proof.hook_timeout_seconds)
            if second_proof.hook_url
            else None
        ),
    )


def _client_rates(settings: Settings) -> dict[str, str]:
    return {name: client.rate for name, client in settings.api.clients.items()}


def build_worker(settings: Settings, directory: Directory) -> Worker:
    """Wire the worker; `directory` is the settings' with the worker's own account. Raises KeyFileError."""
    pool = ConnectionPool(directory, LdapServers(directory), as_service=True)
    outbox = LdapOutbox(pool, settings.people)
    targets = delivered_targets(settings.workstation)
    metrics = Metrics()
    # `mamia sync status` writes nothing, and may be run by somebody who couldn't.
    audit = Audit(settings.audit, opens_late=True)

    def record(service: str, outcome: str, **facts: Any) -> None:
        audit.record(service, outcome, **facts)
        metrics.count_delivery(str(outcome), facts)

    courier = Courier(
        worker=f"{socket.gethostname()};{os.getpid()};{secrets.token_hex(3)}",
        outbox=outbox,
        targets=targets,
        unseal=Unsealer([read_private_key(file) for file in settings.workstation.private_key_files]),
        now=_now,
        monotonic=time.monotonic,
        pace=Pace(settings.workstation.lease_seconds, settings.workstation.give_up_hours),
        audit=record,
    )

    def close() -> None:
        pool.close()
        audit.close()
        for target in targets.values():
            target.close()

    return Worker(courier, outbox, targets, metrics, close)


@dataclass(frozen=True, slots=True)
class Capturing:
    """What `mamia capture` works with."""

    follower: Callable[[], Follower]
    """Made in the event loop's thread."""
    targets: tuple[str, ...]
    close: Callable[[], None]


def build_capture(settings: Settings, directory: Directory) -> Capturing:
    """Wire the listener; `directory` is the announcing slapd with the listener's own account.

    Raises KeyFileError, and OSError where the audit's file can't be written.
    """
    pool = ConnectionPool(directory, LdapServers(directory), as_service=True)
    mapping = PeopleMapping(settings.people)
    propagation = _propagation(settings, pool, mapping)
    audit = Audit(settings.audit, opens_late=True)

    def close() -> None:
        pool.close()
        audit.close()

    return Capturing(
        follower=lambda: Follower(
            outbox=LdapCaptured(pool, mapping, settings.people.filter, propagation),
            own_accounts=frozenset({normalised(settings.directory.bind_dn)}),
            audit=audit.record,
        ),
        targets=tuple(settings.workstation.targets),
        close=close,
    )


@dataclass(frozen=True, slots=True)
class Accounts:
    """What `mamia account` works with."""

    directory: LdapAccounts
    audit: Audit
    close: Callable[[], None]


def build_accounts(settings: Settings) -> Accounts:
    pool = ConnectionPool(settings.directory, LdapServers(settings.directory), as_service=True)
    lockout = timedelta(minutes=settings.lockout.minutes)
    # Whoever only looks need not be able to write the audit.
    audit = Audit(settings.audit, opens_late=True)

    def close() -> None:
        pool.close()
        audit.close()

    return Accounts(LdapAccounts(pool, PeopleMapping(settings.people), lockout), audit, close)


def password_rules(settings: Settings) -> PasswordRules:
    """The academy's rules, and as much as the workstations' domains ask for where the settings say it."""
    password = settings.password
    rules = PasswordRules(**password.model_dump(exclude={"history", "common", "pwned_url", "pwned_timeout_seconds"}))
    if not password.common:
        rules = replace(rules, is_common=is_common)
    if password.min_strength:
        rules = replace(rules, strength=Strength())
    if password.pwned_url:
        rules = replace(rules, is_breached=PwnedPasswords(password.pwned_url, password.pwned_timeout_seconds).holds)
    for target in settings.workstation.targets.values():
        if isinstance(target, SambaNtTarget):
            continue
        rules = replace(rules, min_length=max(rules.min_length, target.rules.min_length))
        if target.rules.complexity:
            rules = replace(rules, lower_case=True, upper_case=True, digit=True)
    return rules


def _propagation(
    settings: Settings, service: ConnectionPool, mapping: PeopleMapping
) -> LdapPropagation | NoPropagation:
    workstation = settings.workstation
    if not workstation.targets:
        return NoPropagation()
    joined = joined_targets(workstation)
    names = {target.name for target in joined}
    key = workstation.public_key_file
    return LdapPropagation(
        service=service,
        mapping=mapping,
        workstation_filter=workstation.filter,
        seal=Sealer(read_public_key(key)).seal if key else None,
        delivered=[name for name in workstation.targets if name not in names],
        joined=joined,
        now=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)
