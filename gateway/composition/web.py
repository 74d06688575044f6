"""The objects of the web service, which pages and API use."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from gateway.account.admission import Admission
from gateway.account.charter import Charter
from gateway.account.policy import PasswordRules
from gateway.account.uniform_time import UniformTime
from gateway.checks.decoy import check_decoy
from gateway.checks.protected import check_decidable
from gateway.checks.readiness import Readiness
from gateway.checks.serving import Serving
from gateway.checks.store import check_store
from gateway.checks.strength import check_strength
from gateway.composition.agents import build_agent_services
from gateway.composition.directory_watch import DirectoryWatch
from gateway.composition.events import build_event_store, build_history
from gateway.composition.people import people_mapping
from gateway.composition.propagation import build_propagation
from gateway.composition.protection import Protection, build_protection
from gateway.composition.queues import Queues, build_queues
from gateway.composition.recovery import build_recovery
from gateway.composition.reset_codes import build_reset_codes, open_codes
from gateway.composition.rules import password_rules
from gateway.composition.sms_notices import BuiltSmsNotices, build_sms_notices
from gateway.composition.webhooks import BuiltWebhooks, build_webhooks
from gateway.directory.account_lookup import AccountLookup
from gateway.directory.failover import LdapServers
from gateway.directory.known_servers import refuse_other_servers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.password_write import PasswordWriter
from gateway.directory.passwords import LdapPasswords
from gateway.directory.people import LdapPeople
from gateway.directory.policies import Policies
from gateway.directory.policy_overlay import PolicyProof
from gateway.directory.pool import ConnectionPool
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.directory.protected import ProtectedPeople
from gateway.directory.recovery import LdapRecovery
from gateway.metrics import Metrics
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.sms import SmsGateway
from gateway.notifications.spool import MAX_DELAY_SECONDS, Spool
from gateway.protection.audit import Audit
from gateway.protection.clock import SystemClock
from gateway.protection.event_store import EventStore
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.protection.turn_file import TurnFile
from gateway.services.api_access import ApiAccess
from gateway.services.change import ChangeService
from gateway.services.choice import reset_steps
from gateway.services.disputes import Disputes, DisputeService
from gateway.services.events import Events
from gateway.services.find import FindService
from gateway.services.known_outcomes import known_outcomes
from gateway.services.reset import ResetService
from gateway.services.results import Results
from gateway.services.robots import RobotService
from gateway.services.second_factor import SecondFactorService
from gateway.services.services import Services
from gateway.services.tickets import code_steps
from gateway.services.webhooks import NoWebhooks
from gateway.services.week import WeekService
from gateway.settings import SecondFactor as SecondFactorSettings
from gateway.settings import Settings
from gateway.tls import verifying_context
from gateway.web.notifications import TemplateNotifications


@dataclass(frozen=True, slots=True)
class DirectoryAccess:
    """The parts of the directory that pages and API use."""

    service: ConnectionPool
    """Connections that are bound as the gateway's own account."""
    people: LdapPeople
    passwords: LdapPasswords
    passwords_of_agents: LdapPasswords
    """The same, also of protected people: agents of the helpdesk sign in with it, and nothing is written."""
    propagation: LdapPropagation | NoPropagation
    protected: ProtectedPeople
    has_policy: PolicyProof
    mapping: PeopleMapping
    recovery: LdapRecovery


@dataclass(frozen=True, slots=True)
class Gateway:
    """The services and the objects around them, ready for `create_app`. Call `close` at the end."""

    settings: Settings
    rules: PasswordRules
    services: Services
    directory: DirectoryAccess
    protection: Protection
    event_store: EventStore | None
    """The last tries of people, for the pages of the helpdesk; None if the settings keep none."""
    metrics: Metrics
    readiness: Readiness
    mails: Spool | None
    texts: BuiltSmsNotices | None
    webhooks: BuiltWebhooks | None
    watch: DirectoryWatch | None
    resources: ExitStack

    def start(self) -> None:
        """Start to send mails, notices by text message and webhooks.

        Call this after gunicorn forked the serving process.
        """
        if self.mails:
            self.mails.start()
        if self.texts:
            self.texts.sender.start()
        if self.webhooks:
            self.webhooks.sender.start()

    def close(self) -> None:
        """Finish the work in the background, then close the connections, the audit and the spool."""
        self.resources.close()

    def verify_servers(self) -> None:
        """Raise UnsupportedServer if one of the directory's servers is another product than OpenLDAP."""
        refuse_other_servers(self.settings.directory)

    def verify_protected(self) -> None:
        """Check that the directory shows who is protected. Raises DirectoryMisconfigured, DirectoryUnavailable."""
        self.directory.protected.verify()

    def update_metrics(self) -> None:
        """Update the figures that are measured only for a read of /metrics: store, webhooks and directory.

        A store that cannot be used keeps its last figures; the outcome `store_unavailable` reports it.
        """
        with suppress(StoreUnavailable):
            usage = self.protection.rate_limiter.usage()
            self.metrics.set_store(usage.keys, usage.full_ratio)
        if self.webhooks:
            self.webhooks.measure(self.metrics)
        if self.watch:
            self.watch.refresh()


def build_gateway(settings: Settings, turns: TurnFile | None = None) -> Gateway:
    """Build the services. Connects to nothing, because a directory that is down may come back later.

    `turns` are those that this process shares with others of the same service.

    Raises KeyFileError, WebhooksUnusable, and OSError if the audit's file or a spool's folder cannot be opened.
    """
    with ExitStack() as stack:
        metrics, rules, queues = Metrics(), password_rules(settings), build_queues(settings, turns)
        metrics.begin_web(known_outcomes())
        protection = build_protection(settings)
        mails, sms = _spool(settings, stack), _sms_gateway(settings.second_factor)
        delay, limiter = MAX_DELAY_SECONDS, protection.rate_limiter
        texts = build_sms_notices(settings, sms, limiter, stack, max_delay_seconds=delay)
        webhooks = build_webhooks(settings, stack, max_delay_seconds=delay)
        audit = Audit(settings.audit, count=lambda service, outcome: metrics.outcome_of(service, outcome).inc())
        stack.callback(audit.close)
        watch = DirectoryWatch(settings, metrics) if settings.directory.monitor else None
        if watch:
            stack.callback(watch.close)
        directory = _directory(settings, metrics, stack)
        background = BackgroundTasks()
        stack.callback(background.close)
        event_store = build_event_store(settings)
        events = Events(
            rate_limiter=limiter,
            audit=audit,
            notifications=TemplateNotifications(settings, mails, sms, background, texts.queued if texts else None),
            hashing=queues.hashing,
            history=build_history(event_store, stack),
            webhooks=webhooks.queued if webhooks else NoWebhooks(),
        )
        services = _services(settings, rules, directory, protection, events, queues, event_store, stack)
        uniform = _uniform_time(settings, events.hashing)
        passwords, codes = directory.passwords_of_agents, services.reset_codes
        agents = build_agent_services(
            settings, passwords, codes, services.recovery, protection, events, event_store, uniform, metrics, stack
        )
        return Gateway(
            settings=settings,
            rules=rules,
            services=replace(services, agents=agents),
            directory=directory,
            protection=protection,
            event_store=event_store,
            metrics=metrics,
            readiness=_readiness(settings, rules, directory),
            mails=mails,
            texts=texts,
            webhooks=webhooks,
            watch=watch,
            resources=stack.pop_all(),
        )


def _directory(settings: Settings, metrics: Metrics, stack: ExitStack) -> DirectoryAccess:
    directory, servers = settings.directory, LdapServers(settings.directory)
    user_binds = ConnectionPool(directory, servers, as_service=False, timed=metrics.timed)
    has_policy = PolicyProof(user_binds, directory.decoy_dn)
    service = ConnectionPool(directory, servers, as_service=True, timed=metrics.timed, verify=has_policy)
    proofs = ConnectionPool(directory, servers, as_service=False, timed=metrics.timed)
    replicas = _replicas(settings, metrics)
    for pool in (service, user_binds, proofs, replicas):
        if pool:
            stack.callback(pool.close)
    mapping = people_mapping(settings)
    protected = ProtectedPeople(service, settings.people)
    propagation = build_propagation(settings, service, mapping)
    passwords_with = partial(
        LdapPasswords,
        service=service,
        user_binds=user_binds,
        writer=PasswordWriter(service, proofs, mapping, proves_by_bind=directory.prove_by_bind),
        mapping=mapping,
        decoy_dn=directory.decoy_dn,
        lockout=timedelta(minutes=settings.lockout.minutes),
        policies=Policies(service),
        initial_policy=settings.reset.initial_policy,
        propagation=propagation,
        codes=open_codes(settings),
    )
    people = LdapPeople(service, replicas, mapping, protected.includes if protected.is_configured else None)
    unprotected = settings.people.model_copy(update={"protected_filter": "", "protected_groups": []})
    nobody = ProtectedPeople(service, unprotected)
    return DirectoryAccess(
        service,
        people,
        passwords_with(protected=protected),
        passwords_with(protected=nobody),
        propagation,
        protected,
        has_policy,
        mapping,
        LdapRecovery(AccountLookup(service, mapping, Policies(service), protected, directory.decoy_dn)),
    )


def _services(
    settings: Settings,
    rules: PasswordRules,
    directory: DirectoryAccess,
    protection: Protection,
    events: Events,
    queues: Queues,
    event_store: EventStore | None,
    stack: ExitStack,
) -> Services:
    recovery = build_recovery(
        settings, directory.recovery, directory.passwords, protection.tickets, events,
        hashing=_uniform_time(settings, events.hashing), comparing=_uniform_time(settings, queues.comparing),
    )  # fmt: skip
    results = Results(events, protection.tickets, settings.workstation.targets, recovery.resting)
    charter = Charter(settings.charter.version)
    codes = build_reset_codes(settings, directory.service, directory.mapping, directory.protected, events, stack)
    disputes = Disputes(events, codes)
    return Services(
        robots=RobotService(events, protection.robot_check),
        find=FindService(events, directory.people, _uniform_time(settings, queues.finding)),
        change=ChangeService(
            events, results, directory.passwords, rules, _uniform_time(settings, events.hashing), charter
        ),
        reset=ResetService(
            events=events,
            results=results,
            steps=reset_steps(events, protection.tickets),
            passwords=directory.passwords,
            rules=rules,
            uniform=_uniform_time(settings, queues.proving),
            hashing=events.hashing,
            ticket_minutes=settings.reset.ticket_minutes,
            disputes=disputes,
            charter=charter,
        ),
        second_factor=SecondFactorService(
            events, code_steps(events, protection.tickets), settings.second_factor, recovery=recovery.factors
        ),
        results=results,
        disputes=DisputeService(results, disputes),
        api_access=ApiAccess(events),
        reset_codes=codes,
        week=WeekService(event_store, ZoneInfo(settings.academy.timezone)) if event_store else None,
        recovery=recovery.service,
        passkey=recovery.passkey,
    )


def _readiness(settings: Settings, rules: PasswordRules, directory: DirectoryAccess) -> Readiness:
    """Return the checks of `/health/ready`: what people's requests do at store, directory and in this process."""
    service, protected = directory.service, directory.protected
    store = Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    serving = Serving(settings, service, directory.mapping, protected.includes, directory.has_policy)
    return Readiness(
        (
            partial(check_store, settings, store),
            lambda: service.run_idempotent(lambda connection: check_decoy(settings, "directory", connection)),
            lambda: check_decidable("directory", protected),
            serving.check_comparisons,
            serving.check_writes,
            *([partial(check_strength, rules.strength)] if rules.strength else []),
        )
    )


def _uniform_time(settings: Settings, admission: Admission) -> UniformTime:
    return UniformTime(clock=SystemClock(), min_seconds=settings.directory.min_refusal_seconds, admission=admission)


def _replicas(settings: Settings, metrics: Metrics) -> ConnectionPool | None:
    """Return connections to directory.read_servers; None if the settings name none."""
    if not settings.directory.read_servers:
        return None
    reading = settings.directory.for_reading
    return ConnectionPool(reading, LdapServers(reading), as_service=True, timed=metrics.timed)


def _spool(settings: Settings, stack: ExitStack) -> Spool | None:
    """Return the spool of mails; None if the settings name no folder. Raises OSError if the folder cannot be used."""
    if not settings.notifications.spool:
        return None
    spool = Spool(settings.notifications, settings.notifications.spool)
    stack.callback(spool.close)
    return spool


def _sms_gateway(second_factor: SecondFactorSettings) -> SmsGateway | None:
    if not second_factor.sms_gateway_url:
        return None
    token = second_factor.sms_gateway_token.get_secret_value() if second_factor.sms_gateway_token else ""
    context = verifying_context(strict=second_factor.sms_gateway_tls_strict)
    return SmsGateway(second_factor.sms_gateway_url, token, second_factor.sms_gateway_timeout_seconds, context)
