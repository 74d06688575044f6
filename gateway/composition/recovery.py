"""The objects of the recovery methods, for the web service and for commands."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.ports import Passwords
from gateway.account.recovery import RecoveryKind
from gateway.account.uniform_time import UniformTime
from gateway.directory.recovery import LdapRecovery
from gateway.protection.recovery_seal import RecoverySeals
from gateway.protection.tickets import Tickets
from gateway.services.events import Events
from gateway.services.recovery import RecoveryService, recovery_steps
from gateway.services.recovery_factors import PasskeyService, RecoveryFactors
from gateway.services.recovery_methods import RecoveryMethods
from gateway.services.resting_methods import RestingMethods
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class RecoveryParts:
    """What the settings switch on; None for the rest."""

    service: RecoveryService | None = None
    factors: RecoveryFactors | None = None
    passkey: PasskeyService | None = None
    resting: RestingMethods | None = None


def build_recovery(
    settings: Settings,
    values: LdapRecovery,
    passwords: Passwords,
    tickets: Tickets,
    events: Events,
    *,
    hashing: UniformTime,
    comparing: UniformTime,
) -> RecoveryParts:
    """Build the services. `hashing` is for attempts that make the directory hash, `comparing` for the others."""
    if not settings.recovery.is_on:
        return RecoveryParts()
    methods, passkeys = recovery_methods(settings, values), None
    if "passkey" in settings.recovery.methods:
        # The package takes half a second and some memory, which a site without passkeys is to save.
        from gateway.protection.passkeys import Passkeys

        passkeys = Passkeys(settings.recovery.rp_id, settings.academy.name, settings.recovery.origin)
    kinds = tuple(map(RecoveryKind, settings.recovery.methods))
    steps = recovery_steps(events, tickets)
    return RecoveryParts(
        service=RecoveryService(
            events, steps, passwords, hashing, methods, kinds, passkeys, settings.academy.mail_domain
        ),
        factors=RecoveryFactors(methods),
        passkey=PasskeyService(events, tickets, methods, passkeys, comparing) if passkeys else None,
        resting=RestingMethods(events, methods),
    )


def recovery_methods(settings: Settings, values: LdapRecovery) -> RecoveryMethods:
    """Return what reads and writes methods."""
    return RecoveryMethods(values, RecoverySeals(settings.web.keys), settings.recovery.rest)
