"""A person's account in words of the page's language, for an agent of the helpdesk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from gateway.account.model import Person
from gateway.account.recovery import RecoveryMethod
from gateway.protection.event_store import Event
from gateway.services.agent_people import Obstacle, Seen
from gateway.services.agent_ports import SeenAccount
from gateway.services.ports import Channel
from gateway.services.recovery import WAYS
from gateway.services.reset_codes import Approved, Closed, Requested
from gateway.settings import AnyTarget
from gateway.web.agents.texts import ACTIONS, OBSTACLES, OUTCOMES, SERVICES
from gateway.web.helpdesk import moment
from gateway.web.messages import KINDS
from gateway.web.propagation_status import WORKSTATION
from gateway.web.result_texts import CASES, case_of
from gateway.workstation.state import DeliveryState


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the account."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TargetRow:
    """The state of the password at one target of the workstation."""

    label: str
    status: str
    badge: str
    sentence: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened to the person, once or several times within an hour."""

    when: str
    what: str
    times: int
    agent: str


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A recovery method that the person added. The name that they gave it is their own business."""

    what: str
    """Its kind, with the address masked."""
    since: str
    used: str
    """"" if it was never used."""
    rests_until: str
    """"" if it can serve a reset."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """What the page shows of a person. Neither NUMEN nor birth date is in it."""

    login: str
    name: str
    facts: tuple[Fact, ...]
    targets: tuple[TargetRow, ...]
    is_stale: bool
    channels: tuple[str, ...]
    """The private addresses and phones, masked."""
    methods: tuple[MethodRow, ...] | None
    """None if the settings offer no recovery methods."""
    actions: tuple[tuple[str, str], ...]
    """Value and words of each button."""
    has_code: bool
    """Whether a code, a request for one or its approval is there to be closed."""
    why_none: str
    """Why there is no button; "" if there is one."""
    events: tuple[EventRow, ...] | None
    """The last tries, the newest first; None if no events are kept."""


@dataclass(frozen=True, slots=True)
class PersonViews:
    """Puts accounts into words, in the academy's time zone."""

    zone: ZoneInfo
    targets: Mapping[str, AnyTarget]
    rest: timedelta
    """How long a new recovery method rests."""

    def of(self, seen: Seen) -> PersonView:
        """Return the account as the page shows it."""
        account, person = seen.account, seen.account.person
        return PersonView(
            login=person.login,
            name=" ".join((*person.given_names, *person.surnames)),
            facts=tuple(self._facts(account)),
            targets=tuple(self._target(state) for state in account.propagation),
            is_stale=account.is_stale,
            channels=tuple(_channels(person)),
            methods=None if seen.methods is None else tuple(map(self._method, seen.methods)),
            actions=tuple((str(action), str(ACTIONS[action])) for action in seen.actions),
            has_code=_has_code(account),
            why_none=_why_none(seen),
            events=None if seen.events is None else tuple(map(self._event, seen.events)),
        )

    def moment(self, when: datetime) -> str:
        """Return a time in the page's language and the academy's time zone."""
        return moment(when.astimezone(self.zone))

    def code_done(self, outcome: Requested | Approved | Closed) -> str:
        """Return what became of a code, in a sentence."""
        match outcome:
            case Requested():
                text = _("A second agent must approve before %(moment)s; then give the code again.")
                return str(text) % {"moment": self.moment(outcome.until)}
            case Approved():
                text = _("The code is approved: the agent who asked can give it until %(moment)s.")
                return str(text) % {"moment": self.moment(outcome.until)}
            case Closed():
                return str(_("The code is closed: it opens nothing any more."))

    def _event(self, event: Event) -> EventRow:
        service, outcome = SERVICES.get(event.service), OUTCOMES.get(event.outcome)
        what = _("%(service)s: %(outcome)s", service=service or event.service, outcome=outcome or event.outcome)
        return EventRow(self.moment(event.at), what, event.times, event.agent)

    def _method(self, method: RecoveryMethod) -> MethodRow:
        masked = Channel(WAYS[method.kind], method.address, "").masked if method.kind in WAYS else ""
        return MethodRow(
            what=" ".join(filter(None, (str(KINDS[method.kind]), masked))),
            since=self._moment(method.added_at),
            used=self._moment(method.used_at),
            rests_until=""
            if method.is_ready(datetime.now(UTC), self.rest)
            else self._moment(method.ready_at(self.rest)),
        )

    def _facts(self, account: SeenAccount) -> Iterator[Fact]:
        person = account.person
        yield Fact(_("Mail address"), person.mail or _("none"))
        yield Fact(_("Account"), self._state(account))
        yield Fact(
            _("Password"), _("initial, to be changed") if person.initial_password else _("chosen by the person")
        )
        yield Fact(_("Last change"), self._moment(account.changed_at) or _("never"))
        yield Fact(_("Expires"), self._moment(account.expires_at) or _("never"))
        if _has_code(account):
            yield Fact(
                _("Code of the helpdesk"),
                _("given or asked for, until %(moment)s", moment=self._moment(account.code_until)),
            )

    def _state(self, account: SeenAccount) -> str:
        if account.is_closed:
            return str(_("closed by an administrator"))
        if not account.is_valid:
            return str(_("not open at this time"))
        if account.idle_since:
            return str(_("closed: not used since %(moment)s", moment=self._moment(account.idle_since)))
        if account.lock_ends_at:
            return str(_("locked; only time or an administrator ends that"))
        if account.locked_since is None:
            return str(_("open"))
        if account.locked_until is None:
            return str(_("locked until a reset"))
        return str(_("locked until %(moment)s", moment=self._moment(account.locked_until)))

    def _target(self, state: DeliveryState) -> TargetRow:
        target, texts = self.targets.get(state.target), CASES[case_of(state)]
        label = (target.label if target else "") or str(WORKSTATION)
        return TargetRow(label, texts.stage, str(texts.badge), str(texts.fact))

    def _moment(self, when: datetime | None) -> str:
        return moment(when.astimezone(self.zone)) if when else ""


def _has_code(account: SeenAccount) -> bool:
    return account.code_until is not None and datetime.now(UTC) < account.code_until


def _why_none(seen: Seen) -> str:
    if seen.account.is_protected:
        return str(OBSTACLES[Obstacle.PROTECTED])
    return str(OBSTACLES[Obstacle.AGENT]) if seen.is_agent else ""


def _channels(person: Person) -> Iterator[str]:
    mails = (person.private_mail, *person.other_private_mails)
    phones = (person.phone, *person.other_phones)
    for way, addresses in (("mail", mails), ("phone", phones)):
        for address in filter(None, addresses):
            yield Channel(way, address, "").masked
