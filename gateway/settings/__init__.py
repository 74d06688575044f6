"""Settings of an academy: one class per section, with its defaults and its validation rules.

`loader` reads them. A field whose rule depends on another field is declared after that field.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gateway.settings.academy import Academy
from gateway.settings.api import Api, ApiClient, ApiService
from gateway.settings.captcha import Captcha
from gateway.settings.capture import Capture
from gateway.settings.directory import Directory, Lockout, Password, People, Reset, ResetMode
from gateway.settings.events import OFF, Events
from gateway.settings.helpdesk import Helpdesk
from gateway.settings.legal import Accessibility, Legal
from gateway.settings.protection import Audit, Metrics, Notifications, RateLimits, SecondFactor
from gateway.settings.recovery import Recovery
from gateway.settings.reminders import Charter, Reminders
from gateway.settings.support import Support
from gateway.settings.web import Web
from gateway.settings.webhooks import Webhooks
from gateway.settings.workstation import (
    ActiveDirectoryTarget,
    AnyTarget,
    KerberosTarget,
    SambaNtTarget,
    Workstation,
)

__all__ = [
    "Academy",
    "Accessibility",
    "ActiveDirectoryTarget",
    "AnyTarget",
    "Api",
    "ApiClient",
    "ApiService",
    "Audit",
    "Captcha",
    "Capture",
    "Charter",
    "Directory",
    "Events",
    "Helpdesk",
    "KerberosTarget",
    "Legal",
    "Lockout",
    "Metrics",
    "Notifications",
    "Password",
    "People",
    "RateLimits",
    "Recovery",
    "Reminders",
    "Reset",
    "ResetMode",
    "SambaNtTarget",
    "SecondFactor",
    "Settings",
    "Support",
    "Web",
    "Webhooks",
    "Workstation",
]

PREFIX = "MAMIA_"


class Settings(BaseSettings):
    """All settings of one installation, one field per section of `mamia.toml`. Frozen; unknown keys are refused.

    Variables MAMIA_SECTION__KEY of the environment have priority over the file. `loader.load` is the way to read
    them.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    academy: Academy = Academy()
    legal: Legal = Legal()
    accessibility: Accessibility = Accessibility()
    support: Support = Support()
    directory: Directory
    people: People
    password: Password = Password()
    lockout: Lockout = Lockout()
    reset: Reset = Reset()
    second_factor: SecondFactor = SecondFactor()
    helpdesk: Helpdesk = Helpdesk()
    recovery: Recovery = Recovery()
    captcha: Captcha = Captcha()
    rate_limits: RateLimits = RateLimits()
    audit: Audit = Audit()
    events: Events = Events(keep_days=OFF)
    metrics: Metrics = Metrics()
    notifications: Notifications = Notifications()
    reminders: Reminders = Reminders()
    charter: Charter = Charter()
    webhooks: Webhooks = Webhooks()
    workstation: Workstation = Workstation()
    capture: Capture = Capture()
    api: Api = Api()
    web: Web

    @property
    def gives_codes(self) -> bool:
        """Return whether the helpdesk gives codes that replace a NUMEN.

        With reset.mode = "initial" it does not: the code that an agent has seen would become the password.
        """
        return self.helpdesk.is_on and self.reset.mode is ResetMode.CHOOSE

    @property
    def sms_spool(self) -> Path | None:
        """Return the folder of notices by text message that wait; None if none are sent.

        New and removed recovery methods are announced so, where there is an SMS gateway.
        """
        spool, url = self.notifications.spool, self.second_factor.sms_gateway_url
        return spool / "sms" if spool and url and self.recovery.is_on else None

    @property
    def capture_server(self) -> str:
        """Return the URL of the slapd whose sock overlay reports changes."""
        return self.capture.server or self.directory.servers[0]

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order of priority: first the environment, then the values from the file."""
        environment = EnvSettingsSource(settings_cls, env_prefix=PREFIX, env_nested_delimiter="__")
        return environment, init_settings
