"""The one place that knows everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from limits.storage import MemoryStorage

from gateway.account.change import change_password
from gateway.account.find import find_account
from gateway.account.model import FindRequest
from gateway.account.outcomes import Found, Refused
from gateway.account.policy import PasswordRules
from gateway.account.reset import choose_password, prove_identity, restore_initial_password
from gateway.directory.connection import ConnectionPool
from gateway.directory.mapping import PeopleMapping
from gateway.directory.passwords import LdapPasswords
from gateway.directory.people import LdapPeople
from gateway.protection.captcha import Captcha
from gateway.protection.clock import SystemClock
from gateway.protection.tickets import Tickets
from gateway.settings import Password, Settings
from gateway.web.pages.change import ChangeService
from gateway.web.pages.reset import ResetServices
from gateway.web.pages.service import Desk


@dataclass(frozen=True, slots=True)
class Gateway:
    """The services, ready to be put behind pages."""

    desk: Desk
    find: Callable[[FindRequest], Found | Refused]
    reset: ResetServices
    change: ChangeService
    ask_directory: Callable[[], None]
    close: Callable[[], None]


def build(settings: Settings) -> Gateway:
    """Wire the services to the directory. Connects to nothing: a directory that is down may come up later."""
    service = ConnectionPool(settings.directory, as_service=True)
    trials = ConnectionPool(settings.directory, as_service=False)
    mapping = PeopleMapping(settings.people)
    rules = password_rules(settings.password)
    passwords = LdapPasswords(
        service=service,
        trials=trials,
        mapping=mapping,
        decoy_dn=settings.directory.decoy_dn,
        lockout=timedelta(minutes=settings.lockout.minutes),
        initial_policy=settings.reset.initial_policy,
    )
    tickets = Tickets(settings.web.keys, spent=MemoryStorage())
    captcha = Captcha(tickets, 60 * settings.captcha.minutes)
    people = LdapPeople(service, mapping)

    def close() -> None:
        service.close()
        trials.close()

    return Gateway(
        desk=Desk(settings, rules, captcha, tickets),
        find=partial(find_account, people=people, clock=SystemClock()),
        reset=ResetServices(
            prove=partial(prove_identity, passwords=passwords),
            choose=partial(choose_password, passwords=passwords, rules=rules),
            restore_initial=partial(restore_initial_password, passwords=passwords),
        ),
        change=partial(change_password, passwords=passwords, rules=rules),
        ask_directory=people.check,
        close=close,
    )


def password_rules(password: Password) -> PasswordRules:
    return PasswordRules(**password.model_dump(exclude={"history"}))
