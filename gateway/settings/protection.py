"""What keeps out those who don't belong, and what is told of everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from limits import parse_many
from pydantic import AfterValidator, Field, IPvAnyNetwork, SecretStr, ValidationInfo, field_validator

from gateway.settings.types import (
    PLAIN_TEXT,
    Mail,
    Section,
    SecuredLink,
    Text,
    can_be_split,
    is_loopback,
    shaped,
)


def _rates(text: str) -> str:
    try:
        parse_many(text)
    except ValueError:
        raise ValueError('is not a rate such as "10/5 minutes" or "10/5 minutes; 25/day"') from None
    return text


Rates = Annotated[str, AfterValidator(_rates)]
"""One window or several: the more attempts, the longer the wait."""
STORE_TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}


def _verified(url: str) -> str:
    """Refuses options of the client by which the URL could switch the verification off."""
    unwanted = sorted({name for name in parse_qs(urlsplit(url).query) if name.startswith("ssl_")} - STORE_TLS_OPTIONS)
    if unwanted:
        raise ValueError(f"may not hold {', '.join(unwanted)}: store_tls_strict is the one choice about verification")
    return url


StoreUrl = Annotated[
    str,
    shaped(
        r"memory://|(redis|valkey)(s|\+unix)?://.+",
        "memory:// or a redis:// or valkey:// URL",
    ),
    AfterValidator(can_be_split),
    AfterValidator(_verified),
]


class RateLimits(Section):
    """How often things may be tried, before the directory hears of it. Each service counts for itself.

    Defaults: 30 an address as in PWM; 25 a day as in CNIL 2022-100, 28 b.
    """

    allow_plain_text_over_the_network: bool = False
    """Without it, redis:// and valkey:// to another machine are refused: whoever is on the way could read the store's
    password and change counts."""
    store: StoreUrl = "memory://"
    """Where counts and used tickets are kept: Redis or Valkey. The memory of one process is for the demo: a restart
    forgets all of it."""
    allow_memory_store: bool = False
    """Whether `memory://` may serve people: after each restart, counts begin at 0, and used tickets are accepted
    again."""
    store_tls_strict: bool = True
    """As `directory.tls_strict`, for a store with rediss:// or valkeys://."""
    per_login: Rates = "5/20 minutes; 25/day"
    """Changes of a password, at page, API and webmail plugin together. It must stay below the directory's
    `pwdMaxFailure` within `pwdFailureCountInterval`, or anybody could lock accounts; `mamia check` compares them."""
    per_login_reset: Rates = "10/5 minutes; 25/day"
    """Each step of a reset. None of them binds as the person, so wrong answers lock nothing."""
    per_proof: Rates = "10/5 minutes; 25/day"
    per_person: Rates = "10/5 minutes; 50/day"
    """One name and birth date, searched again and again."""
    per_name: Rates = "20/hour"
    """One name, whatever the birth date. More attempts are not refused, because namesakes share the count: the form
    asks for more proof of work, and for still more at twice and four times this rate."""
    per_address: Rates = "30/5 minutes; 600/day"
    """For an IPv4 address or an IPv6 /64. All of a /56 together may try twice as often, all of a /48 eight times."""
    shared_addresses: list[IPvAnyNetwork] = []
    """Networks where many people share an address, such as the academy's own proxies."""
    per_shared_address: Rates = "600/5 minutes"
    per_service: Rates = "10000/5 minutes"
    """All pages of one service together. Beyond it everybody is refused, the clients of the API excepted."""
    overall: Rates = "20000/5 minutes"
    """All pages together, as `per_service`. Wrong API tokens and spoken CAPTCHAs do not count here."""
    pressure_percent: Annotated[int, Field(ge=1, le=20)] = 10
    """Share of `per_service` and `overall` from which the forms ask everybody for more proof of work; at twice the
    share they ask for still more, at four times for the most. It is low, so that work comes long before refusals."""
    without_work_per_address: Rates = "10/hour"
    """Forms that come without JavaScript, so with a picture or a sound and no proof of work; networks of IPv6 as in
    `per_address`."""
    without_work_overall: Rates = "200/5 minutes"
    codes_per_person: Rates = "5/hour; 10/day"
    """Codes of the second factor that are sent to one person."""
    codes_per_recipient: Rates = "5/hour; 10/day"
    """To one address or phone, whoever's reset it is: nobody's phone is to be filled with codes."""
    text_messages_overall: Rates = "200/hour; 1000/day"
    """Text messages of all resets together: each of them costs the academy money."""
    misses_per_address: Rates = "3/hour"
    """Accounts not found, after which finding one asks for the CAPTCHA; networks of IPv6 as in `per_address`."""
    misses_overall: Rates = "100/5 minutes"
    """All pages together, as `misses_per_address`. Each API client has a count of its own with this rate, which never
    counts for the pages; beyond it the log warns."""

    @field_validator("store")
    @classmethod
    def _secured(cls, url: str, info: ValidationInfo) -> str:
        parts = urlsplit(url)
        is_plain = parts.scheme in ("redis", "valkey") and not is_loopback(parts.hostname or "localhost")
        if is_plain and not info.data.get("allow_plain_text_over_the_network"):
            raise ValueError(
                f"is {parts.scheme}:// and names another machine: password and counts would cross the network in "
                f"plain text; use {parts.scheme}s://, {PLAIN_TEXT}"
            )
        return url


class Audit(Section):
    """Where the audit's lines of JSON go."""

    destination: Literal["stderr", "file", "syslog"] = "stderr"
    file: Annotated[Path | None, Field(validate_default=True)] = None
    syslog: Text = "/dev/log"
    """A socket, or host:port (UDP)."""

    @field_validator("file")
    @classmethod
    def _needed(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if file is None and info.data.get("destination") == "file":
            raise ValueError('is missing, and destination = "file" needs it')
        return file


class Metrics(Section):
    """Counts and times for Prometheus: of the web service at `/metrics`, of the worker at a port of its own."""

    allowed_networks: list[IPvAnyNetwork] = []
    """Who may read `/metrics`; for all others, and for all where it is empty, there is no such page."""
    worker_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """On 127.0.0.1; 0: none."""


class Notifications(Section):
    """Mails to people whose password was changed or whose account was locked. Without a spool none are sent."""

    spool: Path | None = None
    """A folder for mails that wait for the mail server."""
    smtp_host: str = "localhost"
    """Empty: mails stay in the spool, as in the demo."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 25
    allow_plain_text_over_the_network: bool = False
    """Without it, smtp_security = "none" is for a mail server on this machine alone: mails hold codes and names."""
    smtp_security: Annotated[Literal["none", "starttls", "tls"], Field(validate_default=True)] = "none"
    smtp_tls_strict: bool = True
    """As `directory.tls_strict`, for the mail server's certificate."""
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_password_file: Path | None = None
    sender: Mail = "ne-pas-repondre@ac-example.fr"
    retry_hours: Annotated[float, Field(gt=0)] = 48.0

    @field_validator("smtp_security")
    @classmethod
    def _secured(cls, security: str, info: ValidationInfo) -> str:
        host = info.data.get("smtp_host")
        is_allowed = info.data.get("allow_plain_text_over_the_network")
        if security == "none" and host and not is_loopback(host) and not is_allowed:
            raise ValueError(
                f'is "none", and {host} is another machine: mails and the password would cross the network in plain '
                f'text; use "starttls" or "tls", {PLAIN_TEXT}'
            )
        return security


class SecondFactor(Section):
    """A code that a reset asks for where the directory has a private address or a phone of the person."""

    methods: list[Literal["mail", "phone"]] = []
    """In order of preference; none: no second factor."""
    if_none_known: Literal["allow", "refuse"] = "allow"
    """What becomes of people for whom the directory has neither."""
    minutes: Annotated[int, Field(ge=1, le=30)] = 10
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 5
    sms_gateway_url: Annotated[SecuredLink, Field(validate_default=True)] = ""
    """Takes {"to": …, "text": …} by POST and sends a text message. https://, or http:// on this machine; redirects
    are not followed."""
    sms_gateway_token: SecretStr | None = None
    sms_gateway_token_file: Path | None = None
    sms_gateway_tls_strict: bool = True
    """As `directory.tls_strict`, for that service's certificate."""
    sms_gateway_timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 5

    @field_validator("sms_gateway_url")
    @classmethod
    def _needed_by_phone(cls, url: str, info: ValidationInfo) -> str:
        if not url and "phone" in info.data.get("methods", []):
            raise ValueError('is missing, and methods = ["phone"] needs it')
        return url
