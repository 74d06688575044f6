"""Mail and text message to a person about what `mamia account` did.

Their libraries are loaded only after something was done.
"""

from __future__ import annotations

import sys

from gateway.account.model import Person
from gateway.app import create_mail_app
from gateway.composition.sms_notices import queue_for_service
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.spool import Spool
from gateway.settings import Settings
from gateway.web.notifications import TemplateNotifications


def tell(settings: Settings, notice: str, person: Person, reference: str) -> None:
    """Queue the mail `notice` where mails are sent. Never raises: what was done is done."""
    if not settings.notifications.spool:
        return
    try:
        spool = Spool(settings.notifications, settings.notifications.spool)
        texts = queue_for_service(settings)
    except OSError as error:
        why = f"{settings.notifications.spool}: {error.strerror}"
        print(f"mamia account: {person.login} gets no mail about it: {why}", file=sys.stderr)
        return
    with create_mail_app(settings).app_context():
        TemplateNotifications(settings, spool, None, BackgroundTasks(), texts).notify(notice, person, reference)
