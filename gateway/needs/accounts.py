"""The service accounts that the settings name."""

from __future__ import annotations

from gateway.needs.model import Account
from gateway.settings import Settings


def account_dns(settings: Settings) -> dict[Account, str]:
    """Return the DN of each service account that the settings name."""
    named = {
        Account.GATEWAY: settings.directory.bind_dn,
        Account.WORKER: settings.workstation.bind_dn if settings.workstation.targets else None,
        Account.HELPDESK: settings.helpdesk.bind_dn,
        Account.REMINDERS: settings.reminders.bind_dn,
        Account.LISTENER: None if settings.capture.answer_only else settings.capture.bind_dn,
    }
    return {account: dn for account, dn in named.items() if dn}
