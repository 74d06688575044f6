"""What each page, process and command needs, declared once.

The code takes its attributes from here, `mamia check` and `/health/ready` test what is declared, `mamia setup` and
`ldif/` get access rules, limits and indices from it, and docs/needs.md lists it.
"""

from __future__ import annotations

from gateway.needs import agent_pages, attributes, helpdesk, machine, processes, recovery, reminders, server, web
from gateway.needs.model import Access as Access
from gateway.needs.model import Account as Account
from gateway.needs.model import Needs as Needs
from gateway.needs.model import Part as Part
from gateway.needs.model import Place as Place
from gateway.needs.model import Right as Right
from gateway.needs.people import secret_attributes
from gateway.settings import Settings


def needs_of(settings: Settings) -> Needs:
    """Return what the parts need that the settings switch on."""
    return Needs(
        rights=(
            *web.rights(settings),
            *helpdesk.rights(settings),
            *agent_pages.rights(settings),
            *recovery.rights(settings),
            *processes.gateways_rights(settings),
            *processes.workers_rights(settings),
            *processes.listeners_rights(settings),
            *reminders.rights(settings),
            *processes.operators_rights(settings),
        ),
        secrets=_secrets(settings),
        shown_to_owner=tuple(
            filter(None, (settings.people.private_mail, attributes.STATE, attributes.MUST_CHANGE, attributes.CHARTER))
        ),
        controls=tuple(server.controls(settings)),
        indices=tuple(server.indices(settings)),
        overlays=tuple(server.overlays(settings)),
        policies=tuple(server.policies(settings)),
        limits=tuple(server.limits(settings)),
        services=tuple(machine.services(settings)),
        files=tuple(machine.files(settings)),
    )


def _secrets(settings: Settings) -> tuple[str, ...]:
    people, workstation = settings.people, settings.workstation
    names = [attributes.HISTORY, attributes.MUST_CHANGE, *secret_attributes(people)]
    if workstation.targets:
        names += [attributes.SECRET, attributes.STATE, attributes.LEASE]
    if settings.helpdesk.is_on:
        names += [attributes.RESET_CODE, attributes.RESET_CODE_UNTIL]
    if settings.recovery.is_on:
        names.append(attributes.RECOVERY)
    if settings.charter.is_on:
        names.append(attributes.CHARTER)
    if settings.reminders.is_on:
        names.append(attributes.REMINDED)
    if people.password_stamp:
        names.append(people.password_stamp)
    if any(target.type == "samba_nt" for target in workstation.targets.values()):
        names += [attributes.NT_HASH, "sambaLMPassword", "sambaPasswordHistory"]
    return tuple(dict.fromkeys(names))
