"""Settings of rate limits, audit, metrics, notifications and the second factor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, quote, urlsplit

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
    # Imported only for a rate that is set, because the helpdesk's commands need none.
    from limits import parse_many

    try:
        parse_many(text)
    except ValueError:
        raise ValueError('is not a rate such as "10/5 minutes" or "10/5 minutes; 25/day"') from None
    return text


Rates = Annotated[str, AfterValidator(_rates)]
"""One rate limit or several, separated by semicolons, as the package `limits` writes them: "10/5 minutes; 25/day"."""
STORE_TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
"""Options of the TLS client that a store's URL may contain."""


def _verified(url: str) -> str:
    """Refuse options in the URL that could switch off the verification of the store's certificate."""
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
    """How often something may be tried.

    Attempts beyond a limit are refused before they reach the directory. Each service has its own counts. The
    defaults: 30 per address as in PWM; 25 per day as in CNIL 2022-100, 28 b.
    """

    allow_plain_text_over_the_network: bool = False
    """Allow redis:// and valkey:// to another machine. Anybody on that network could then read the store's password
    and change counts."""
    store: StoreUrl = "memory://"
    """Where counts and used tickets are kept: a URL of Redis or Valkey. memory:// is the memory of one process, for
    the demo; a restart loses it."""
    store_password: SecretStr | None = None
    """Password of the store, where it is not in the URL. Prefer `store_password_file`."""
    store_password_file: Path | None = None
    """File that contains the password of the store and nothing else."""
    allow_memory_store: bool = False
    """Allow memory:// for a service that people can reach. After each restart all counts begin at 0, and used tickets
    are accepted again."""
    store_tls_strict: bool = True
    """As `directory.tls_strict`, for a store with rediss:// or valkeys://."""
    per_login: Rates = "5/20 minutes; 25/day"
    """Password changes per login, over page, API and webmail plugin together. It must stay below the directory's
    `pwdMaxFailure` within `pwdFailureCountInterval`; otherwise anybody could lock accounts. `mamia check` compares
    them."""
    per_login_reset: Rates = "10/5 minutes; 25/day"
    """Attempts per login at each step of a reset. A reset never binds as the person, so wrong answers lock no
    account."""
    per_proof: Rates = "10/5 minutes; 25/day"
    """Attempts of a reset per number that was typed (NUMEN or temporary-agent number), over all logins."""
    per_person: Rates = "10/5 minutes; 50/day"
    """Searches for one combination of name and birth date."""
    per_name: Rates = "20/hour"
    """Searches for one name with any birth date. Namesakes share this count, so attempts beyond it are not refused:
    the form asks for more proof of work, and for still more at twice and four times this rate."""
    per_address: Rates = "30/5 minutes; 600/day"
    """Attempts per IPv4 address or IPv6 /64. A whole /56 may try twice as often, a whole /48 eight times."""
    shared_addresses: list[IPvAnyNetwork] = []
    """Networks where many people share one address, such as the academy's own proxies. They have the limit
    `per_shared_address` instead of `per_address`."""
    per_shared_address: Rates = "600/5 minutes"
    """Attempts per address of `shared_addresses`. Increase it if many people work behind one address."""
    per_service: Rates = "10000/5 minutes"
    """Attempts at one service over all its pages. Beyond it everybody is refused, except API clients."""
    overall: Rates = "20000/5 minutes"
    """Attempts at all services together; beyond it as with `per_service`. Wrong API tokens and audio CAPTCHAs do not
    count here."""
    pressure_percent: Annotated[int, Field(ge=1, le=20)] = 10
    """Percentage of `per_service` and `overall` above which the forms ask everybody for more proof of work. At twice
    the percentage they ask for still more, at four times for the most. It is low, so that proof of work begins long
    before refusals."""
    without_work_per_address: Rates = "10/hour"
    """Forms per address that come without JavaScript, so with a picture or audio CAPTCHA and no proof of work. IPv6
    networks count as in `per_address`."""
    without_work_overall: Rates = "200/5 minutes"
    """Forms without JavaScript from all addresses together. Increase it if many people use the pages without scripts.
    """
    codes_per_person: Rates = "5/hour; 10/day"
    """Codes of the second factor per person."""
    codes_per_recipient: Rates = "5/hour; 10/day"
    """Codes per mail address or phone number, over all persons, so that nobody's phone is filled with codes. As many
    notices of each kind about recovery methods go to a phone, counted apart from codes; what is beyond is dropped."""
    text_messages_overall: Rates = "200/hour; 1000/day"
    """Text messages of all people together. Each one costs money, so set it to what the academy is ready to pay for.
    Notices beyond it wait."""
    per_agent: Rates = "60/hour; 300/day"
    """Searches of one agent of the helpdesk, and as many people looked at and as many changes, over all addresses."""
    reset_codes_per_agent: Rates = "30/hour; 100/day"
    """Codes that one agent of the helpdesk gives, so that a stolen session cannot open every account."""
    reset_codes_per_person: Rates = "5/hour; 10/day"
    """Codes of the helpdesk for one person."""
    misses_per_address: Rates = "3/hour"
    """Accounts not found per address, after which "find my account" asks for the CAPTCHA. IPv6 networks count as in
    `per_address`."""
    misses_overall: Rates = "100/5 minutes"
    """Accounts not found from all addresses together, after which "find my account" asks everybody for the CAPTCHA.
    """

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

    @field_validator("store_password")
    @classmethod
    def _only_one(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        parts = urlsplit(info.data.get("store", ""))
        if password and (parts.password or not parts.hostname):
            raise ValueError("is for a store that has a host and no password in its URL")
        return password

    @property
    def store_url(self) -> str:
        """The URL of the store with its password: a secret."""
        if not self.store_password:
            return self.store
        parts = urlsplit(self.store)
        user, _, host = parts.netloc.rpartition("@")
        password = quote(self.store_password.get_secret_value(), safe="")
        return parts._replace(netloc=f"{user}:{password}@{host}").geturl()


class Audit(Section):
    """Where the audit is written: one JSON object per line."""

    destination: Literal["stderr", "file", "syslog"] = "stderr"
    """"stderr" for the journal or a container's log, "file" for `file`, "syslog" for `syslog`."""
    file: Annotated[Path | None, Field(validate_default=True)] = None
    """Path of the audit's file. Required with destination = "file"."""
    syslog: Text = "/dev/log"
    """Socket of syslog, or host:port (UDP). Used with destination = "syslog"."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Days for which the audit and the logs of the service are kept, as the page about personal data tells people.
    The service deletes nothing: logrotate, the journal or the log server must keep them as long. `mamia check`
    compares it with logrotate."""

    @field_validator("file")
    @classmethod
    def _needed(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if file is None and info.data.get("destination") == "file":
            raise ValueError('is missing, and destination = "file" needs it')
        return file


class Metrics(Section):
    """Metrics for Prometheus: of the web service at `/metrics`, of the worker at a port of its own."""

    allowed_networks: list[IPvAnyNetwork] = []
    """Networks that may read `/metrics`; all other addresses get 404. Empty: nobody can read it."""
    worker_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """TCP port of the worker's metrics on 127.0.0.1; 0: none."""


class Notifications(Section):
    """Mails to people whose password was changed or whose account was locked. Without `spool` no mail is sent."""

    spool: Path | None = None
    """Folder for mails that wait for the mail server, and for notices by text message that wait for the SMS gateway.
    The web service needs the right to write in it."""
    smtp_host: str = "localhost"
    """Host name of the mail server. Empty: mails stay in the spool, as in the demo."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 25
    """TCP port of the mail server: usually 25, 587 for starttls, 465 for tls."""
    allow_plain_text_over_the_network: bool = False
    """Allow smtp_security = "none" for a mail server on another machine. Mails contain codes and names, which then
    cross the network in plain text."""
    smtp_security: Annotated[Literal["none", "starttls", "tls"], Field(validate_default=True)] = "none"
    """TLS to the mail server: "none", "starttls" (RFC 3207) or "tls" (from the first byte, RFC 8314). "none" is
    accepted only for a mail server on this machine, unless `allow_plain_text_over_the_network` is true."""
    smtp_tls_strict: bool = True
    """As `directory.tls_strict`, for the mail server's certificate."""
    smtp_user: str = ""
    """User name at the mail server; empty: no authentication."""
    smtp_password: SecretStr | None = None
    """Password of `smtp_user`. Prefer `smtp_password_file`."""
    smtp_password_file: Path | None = None
    """File that contains the password of `smtp_user` and nothing else."""
    sender: Mail = "ne-pas-repondre@ac-example.fr"
    """Mail address in the field From."""
    retry_hours: Annotated[float, Field(gt=0)] = 48.0
    """Hours after which a mail or a notice by text message that could not be sent is dropped."""

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
    """A code that a reset asks for, if the directory has a private mail address or a phone number of the person."""

    methods: list[Literal["mail", "phone"]] = []
    """How the code is sent, in order of preference; empty: no second factor. "mail" needs people.private_mail,
    "phone" needs people.phone and `sms_gateway_url`."""
    if_none_known: Literal["allow", "refuse"] = "allow"
    """What to do if the directory has neither address nor phone of the person: "allow" the reset without a code, or
    "refuse" it."""
    minutes: Annotated[int, Field(ge=1, le=30)] = 10
    """Minutes in which a code can be entered."""
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 5
    """Number of wrong codes after which the reset must begin again."""
    sms_gateway_url: Annotated[SecuredLink, Field(validate_default=True)] = ""
    """URL that receives {"to": …, "text": …} by POST and sends a text message: https://, or http:// on this machine.
    Redirects are not followed."""
    sms_gateway_token: SecretStr | None = None
    """Bearer token for that URL. Prefer `sms_gateway_token_file`."""
    sms_gateway_token_file: Path | None = None
    """File that contains the token and nothing else."""
    sms_gateway_tls_strict: bool = True
    """As `directory.tls_strict`, for that service's certificate."""
    sms_gateway_timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 5
    """Seconds to wait for that service's answer."""

    @field_validator("sms_gateway_url")
    @classmethod
    def _needed_by_phone(cls, url: str, info: ValidationInfo) -> str:
        if not url and "phone" in info.data.get("methods", []):
            raise ValueError('is missing, and methods = ["phone"] needs it')
        return url
