"""The directory: how to reach it, what things are called there, and what it demands of passwords."""

from __future__ import annotations

import random
import ssl
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationInfo, field_validator

from gateway.settings.types import Attribute, Dn, Filter, Section, SecuredLink, Text, check_server
from gateway.tls import verifying_context


class Directory(Section):
    """How to reach the LDAP servers."""

    start_tls: bool = False
    """Secure ldap:// connections before anything is said on them."""
    allow_plain_text_passwords_over_the_network: bool = False
    """Without it, ldap:// to another machine is refused."""
    servers: Annotated[list[str], Field(min_length=1)]
    """URLs in order of preference: ldaps://, ldap://, ldapi://. All of them take writes."""
    read_servers: list[str] = []
    """Replicas that take the searches of "find my account"; passwords are tried and written at `servers` alone."""
    ca_file: Path | None = None
    """Certificates that vouch for the servers; the system's own where none is given."""
    tls_strict: bool = True
    """Refuse certificates without the extensions that RFC 5280 demands. `false` is for an old authority, until its
    certificates are issued anew; chain and host name are still verified."""
    bind_dn: Dn
    """The web service's own account, with the rights of ldif/30-access.ldif and no others."""
    bind_password: SecretStr | None = None
    """Better in a file."""
    bind_password_file: Path | None = None
    """Holds the password and nothing else; a line end is ignored."""
    decoy_dn: Dn
    """An entry that nobody uses: proofs for unknown logins are tried on it, so that they cost the same."""
    default_policy: Dn | None = None
    """The password policy of people without pwdPolicySubentry, as olcPPolicyDefault names it. By default the one
    called cn=default."""
    connect_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 3
    receive_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    pool_size: Annotated[int, Field(ge=1, le=200)] = 16
    """Connections of a process, as the service account and once more for trying people's passwords."""
    min_refusal_seconds: Annotated[float, Field(ge=0.05, le=5)] = 0.25
    """How long after its admission an attempt is refused, whatever was wrong. It must be twice as long as the slowest
    hash of people's passwords takes; `mamia check` says how long a wrong password takes at the decoy."""
    max_concurrent_attempts: Annotated[int | None, Field(ge=1, le=1000)] = None
    """How many attempts of one service may ask the directory at once, over all processes; others wait. It should be
    the number of the directory's processors, which hashing uses up; by default it is that of this machine's."""
    max_queue_seconds: Annotated[float, Field(ge=1, le=120)] = 25
    """How long a request may wait for its turn, in the order of arrival. What would wait longer is answered at once:
    503, busy, and when to come back. It must be less than the proxy waits for an answer."""
    prove_by_bind: bool = False
    """After each write of a password, bind with it once at the server that took the write, and say "changed" only if
    it opens the entry. It costs the directory one more hash; without it the entry's attributes prove the write."""
    monitor: bool = False
    """Watch how many operations the servers complete, and from where the service accounts are connected, for /metrics
    and `mamia check`. It needs the rights of ldif/46-monitor.ldif."""
    expected_addresses: list[IPvAnyNetwork] = []
    """From where gateway, worker and listener connect to the directory, as the directory sees them. A service account
    that is connected from elsewhere raises the alert MamiaForeignServiceConnection. Empty: that is not judged."""

    @field_validator("servers", "read_servers")
    @classmethod
    def _reachable_without_leaking(cls, servers: list[str], info: ValidationInfo) -> list[str]:
        guarded = info.data.get("start_tls") or info.data.get("allow_plain_text_passwords_over_the_network")
        for server in servers:
            check_server(server, may_be_clear=bool(guarded))
        return servers

    @field_validator("servers", "read_servers")
    @classmethod
    def _secured_once(cls, servers: list[str], info: ValidationInfo) -> list[str]:
        for server in servers:
            if info.data.get("start_tls") and not server.startswith("ldap://"):
                raise ValueError(f"{server} can't be secured once more: start_tls is for ldap:// alone")
        return servers

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, file: Path | None) -> Path | None:
        try:
            verifying_context(file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{file} is no file of certificates in PEM: {error}") from None
        return file

    @property
    def for_reading(self) -> Directory:
        """The replicas, in an order of this process's own so that they share the load; then `servers`."""
        replicas = random.sample(self.read_servers, len(self.read_servers))
        return self.model_copy(update={"servers": [*replicas, *self.servers]})

    @property
    def password(self) -> str:
        return self.bind_password.get_secret_value() if self.bind_password else ""


class Proof(Section):
    """One number by which people prove who they are."""

    attribute: Attribute
    prefix: str = ""
    """What stands before the number in the directory, e.g. "{NUMEN}" for supannRefId."""


class People(Section):
    """Where people are in the directory and what their attributes are called there."""

    base: Dn
    """Everybody stands below it."""
    filter: Filter = "(objectClass=mamiaPerson)"
    """Who counts as staff."""
    protected_filter: Filter | Literal[""] = ""
    """Whose accounts must not be served, such as administrators: they are refused like an unknown login, everywhere.
    By groups: (memberOf=cn=admins,ou=groups,dc=ac-example,dc=fr), where the directory keeps memberOf. By a mark:
    (adminCount=1). By name: (|(uid=a)(uid=b)). The accounts of gateway, worker and capture need the right to search
    by its attributes."""
    protected_groups: list[Dn] = []
    """The same by the DNs of groups (groupOfNames, groupOfUniqueNames, posixGroup), for a directory without memberOf:
    each is asked by Compare. Members of a group inside a group are not seen: name both. While one of these groups,
    or one that protected_filter names, does not exist, nobody is served."""
    login: Attribute = "uid"
    mail_as_login: bool = True
    """Whether people may type their mail address in the place of the login, where it names one person alone; so may
    those whose webmail adds academy.mail_domain to it."""
    surname: Attribute = "sn"
    birth_name: Attribute = "patronymicName"
    given_name: Attribute = "givenName"
    mail: Attribute = "mail"
    private_mail: Attribute | Literal[""] = ""
    """A private address, for notices and as a second factor; "" where the directory has none."""
    phone: Attribute | Literal[""] = ""
    """A phone that takes text messages, as a second factor."""
    preferred_language: Attribute | Literal[""] = "preferredLanguage"
    """The language of mails to that person, if it is one of `web.languages`; else the first of these."""
    password_stamp: Attribute | Literal[""] = "mamiaPasswordStamp"  # noqa: S105 - an attribute's name
    """Names the last write of the password by the gateway, so that one that was delayed cannot undo a newer one. ""
    where entries have no such attribute: then the time of the change alone tells writes apart, to one second."""
    birth_date: Attribute = "birthDate"
    birth_date_format: Text = "%Y%m%d"
    """As in strftime: %Y%m%d, %d/%m/%Y, %Y%m%d000000Z."""
    proofs: dict[Literal["numen", "temporary_agent_number"], Proof] = {
        "numen": Proof(attribute="numen"),
        "temporary_agent_number": Proof(attribute="temporaryAgentNumber"),
    }

    @field_validator("birth_date_format")
    @classmethod
    def _names_a_day(cls, value: str) -> str:
        if not all(part in value for part in ("%Y", "%m", "%d")):
            raise ValueError("must contain %Y, %m and %d")
        return value


class Password(Section):
    """The academy's rules for new passwords; the directory's policy comes on top."""

    min_length: Annotated[int, Field(ge=1, le=64)] = 8
    max_length: Annotated[int, Field(ge=64, le=1024)] = 128
    lower_case: bool = True
    upper_case: bool = True
    digit: bool = True
    special: bool = True
    forbid_current: bool = True
    forbid_login: bool = True
    """Nor a part of an e-mail address, from three characters on."""
    forbid_names: bool = True
    forbidden_words: tuple[Text, ...] = ()
    """Such as the academy's name and those of its applications; compared without case and accents."""
    min_strength: Annotated[int, Field(ge=0, le=100)] = 0
    """Percent that the bar beside the field must reach; 0: none. 80 is zxcvbn's "safely unguessable" (score 3)."""
    allow_common: bool = False
    """Whether passwords that everybody tries first are let through."""
    pwned_url: SecuredLink = ""
    """A mirror of the Pwned Passwords range service, such as https://api.pwnedpasswords.com/range/; "": none."""
    pwned_tls_strict: bool = True
    """As `directory.tls_strict`, for that mirror."""
    pwned_timeout_seconds: Annotated[float, Field(gt=0, le=5)] = 1.0
    history: Annotated[int, Field(ge=0)] = 5
    """What the pages say; the directory's policy (pwdInHistory) is what counts."""


class Lockout(Section):
    """The directory's lock-out as its policy has it (pwdMaxFailure, pwdLockoutDuration)."""

    failures: Annotated[int, Field(ge=1)] = 10
    minutes: Annotated[int, Field(ge=0)] = 15
    """0: until a reset."""


class ResetMode(StrEnum):
    CHOOSE = "choose"
    INITIAL = "initial"


class Reset(Section):
    mode: ResetMode = ResetMode.CHOOSE
    ticket_minutes: Annotated[int, Field(ge=1, le=15)] = 10
    initial_policy: Annotated[Dn | None, Field(validate_default=True)] = None
    """With mode = "initial": a password policy without history, lent to the entry for that one write."""

    @field_validator("initial_policy")
    @classmethod
    def _needed_by_mode_initial(cls, policy: str | None, info: ValidationInfo) -> str | None:
        if policy is None and info.data.get("mode") is ResetMode.INITIAL:
            raise ValueError('is missing, and mode = "initial" needs it: cn=initial,ou=policies,… of ldif/')
        return policy
