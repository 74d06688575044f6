"""Settings of the directory: how to reach it, how its attributes are named, and its rules for passwords."""

from __future__ import annotations

import os
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
    """Start TLS (RFC 4511, 4.14) on ldap:// connections before anything else is sent."""
    allow_plain_text_passwords_over_the_network: bool = False
    """Allow ldap:// without TLS to another machine. Passwords then cross the network in plain text, so set it only on
    a network that nobody else can read."""
    servers: Annotated[list[str], Field(min_length=1)]
    """URLs in order of preference: ldaps://, ldap://, ldapi://. All of them must accept writes."""
    read_servers: list[str] = []
    """URLs of replicas for the searches of "find my account". Passwords are verified and written at `servers` only.
    """
    ca_file: Path | None = None
    """PEM file of the certificate authorities that are trusted for the servers. Without it the system's authorities
    are trusted."""
    tls_strict: bool = True
    """Refuse certificates that lack extensions which RFC 5280 requires. Set it to `false` for an old certificate
    authority until its certificates are renewed; chain and host name are verified in any case."""
    bind_dn: Dn
    """DN of the web service's own account, with the rights of ldif/30-access.ldif and no others."""
    bind_password: SecretStr | None = None
    """Password of `bind_dn`. Prefer `bind_password_file`."""
    bind_password_file: Path | None = None
    """File that contains the password of `bind_dn` and nothing else; a final line end is ignored."""
    decoy_dn: Dn
    """DN of an entry that belongs to nobody. Proofs for unknown logins are compared with it, so that they take the
    same time."""
    default_policy: Dn | None = None
    """DN of the password policy of people without pwdPolicySubentry, as olcPPolicyDefault of slapd names it. Without
    it the gateway reads olcPPolicyDefault, which needs the rights of ldif/47-configuration.ldif."""
    connect_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 3
    """Seconds to wait for a connection to one server, before the next server is tried."""
    receive_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    """Seconds to wait for the answer to one operation. Increase it if the directory is slow under load."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 16
    """Maximum number of connections per process as the service account, and as many again for verifying people's
    passwords."""
    min_refusal_seconds: Annotated[float, Field(ge=0.05, le=5)] = 0.25
    """Seconds from the start of an attempt until it is refused, whatever the reason. It must be at least three
    times the time of the slowest password hash; `mamia check` reports how long a wrong one takes at the decoy."""
    max_concurrent_attempts: Annotated[int | None, Field(ge=1, le=1000)] = None
    """Maximum number of attempts of one service that use the directory at the same time, over all processes; others
    wait. Hashing uses the directory's processors fully: set it to their number and one more, so that one attempt is
    on its way while each processor hashes. Set 1 for a single processor, where two attempts would hash at half the
    speed. The default is that of this machine's processors."""
    max_queue_seconds: Annotated[float, Field(ge=1, le=120)] = 25
    """Seconds that a request may wait in the queue for the directory. A request that would wait longer is refused at
    once with 503 and a time after which to try again. It must be less than the proxy's timeout."""
    prove_by_bind: bool = False
    """After each write of a password, bind with it once at the server that took the write, and report success only if
    the bind succeeds. It costs the directory one more hash. Without it, the attributes of the entry prove the write.
    """
    monitor: bool = False
    """Read how many operations the servers complete and from where the service accounts are connected, for /metrics
    and `mamia check`. It needs the rights of ldif/46-monitor.ldif."""
    expected_addresses: list[IPvAnyNetwork] = []
    """Networks from which gateway, worker and listener connect to the directory, as the directory sees them. A
    service account that is connected from elsewhere raises the alert MamiaForeignServiceConnection. Empty: addresses
    are not checked."""

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
    def attempts_at_once(self) -> int:
        """The limit of the attempts of one service, over all processes."""
        processors = len(os.sched_getaffinity(0))
        return self.max_concurrent_attempts or (processors + 1 if processors > 1 else 1)

    @property
    def for_reading(self) -> Directory:
        """Return these settings with the replicas first and `servers` last.

        The replicas are in random order, so that the processes spread their load.
        """
        replicas = random.sample(self.read_servers, len(self.read_servers))
        return self.model_copy(update={"servers": [*replicas, *self.servers]})

    @property
    def password(self) -> str:
        """Return the password of `bind_dn` in plain text; "" if none is set."""
        return self.bind_password.get_secret_value() if self.bind_password else ""


class Proof(Section):
    """A number by which people prove who they are, and where the directory keeps it."""

    attribute: Attribute
    """Name of the attribute that contains the number."""
    prefix: str = ""
    """Text before the number in the attribute's value, such as "{NUMEN}" for supannRefId."""


class People(Section):
    """Where people are in the directory, and the names of their attributes."""

    base: Dn
    """DN of the subtree that contains all people."""
    filter: Filter = "(objectClass=mamiaPerson)"
    """LDAP filter that selects members of staff."""
    protected_filter: Filter | Literal[""] = ""
    """LDAP filter for accounts that the gateway must not serve, such as administrators; they are refused like unknown
    logins everywhere. By groups: (memberOf=cn=admins,ou=groups,dc=ac-example,dc=fr), if the directory maintains
    memberOf. By an attribute: (adminCount=1). By name: (|(uid=a)(uid=b)). The accounts of gateway, worker and capture
    need the right to search by its attributes."""
    protected_groups: list[Dn] = []
    """DNs of groups (groupOfNames, groupOfUniqueNames, posixGroup) whose members the gateway must not serve, for a
    directory without memberOf. Membership is tested by Compare. Members of a nested group are not found: list both
    groups. While one of these groups, or one that protected_filter names, does not exist, nobody is served."""
    login: Attribute = "uid"
    """Attribute of the login."""
    mail_as_login: bool = True
    """Accept a mail address instead of the login, if it belongs to one person only. The login followed by @ and
    `academy.mail_domain`, as some webmails add it, is accepted too."""
    surname: Attribute = "sn"
    """Attribute of the surname in use (the married name, for those who took one)."""
    birth_name: Attribute = "patronymicName"
    """Attribute of the surname at birth."""
    given_name: Attribute = "givenName"
    """Attribute of the given names."""
    mail: Attribute = "mail"
    """Attribute of the professional mail address."""
    private_mail: Attribute | Literal[""] = ""
    """Attribute of a private mail address, for notifications and as a second factor; "" if the directory has none."""
    phone: Attribute | Literal[""] = ""
    """Attribute of a phone number that receives text messages, for the second factor and notices; "" if the directory
    has none."""
    preferred_language: Attribute | Literal[""] = "preferredLanguage"
    """Attribute of the person's language (RFC 2798). Mails use it if it is one of `web.languages`, and the first of
    these otherwise."""
    password_stamp: Attribute | Literal[""] = "mamiaPasswordStamp"  # noqa: S105 - an attribute's name
    """Attribute that identifies the gateway's last write of the password, so that a delayed write cannot undo a newer
    one. "" if entries have no such attribute: then only the time of the change, to one second, tells writes apart."""
    birth_date: Attribute = "birthDate"
    """Attribute of the birth date."""
    birth_date_format: Text = "%Y%m%d"
    """Format of the birth date in the directory, as in strftime: %Y%m%d, %d/%m/%Y, %Y%m%d000000Z. It must contain %Y,
    %m and %d."""
    proofs: dict[Literal["numen", "temporary_agent_number"], Proof] = {
        "numen": Proof(attribute="numen"),
        "temporary_agent_number": Proof(attribute="temporaryAgentNumber"),
    }
    """Numbers by which people prove who they are in a reset, each with its attribute. Each attribute needs a
    compare-only access rule as in ldif/30-access.ldif."""

    @field_validator("birth_date_format")
    @classmethod
    def _names_a_day(cls, value: str) -> str:
        if not all(part in value for part in ("%Y", "%m", "%d")):
            raise ValueError("must contain %Y, %m and %d")
        return value


class Password(Section):
    """Rules of the academy for new passwords. The password policy of the directory applies in addition."""

    min_length: Annotated[int, Field(ge=1, le=64)] = 8
    """Minimum length, in characters. It should not be below pwdMinLength of the directory's policy."""
    max_length: Annotated[int, Field(ge=64, le=1024)] = 128
    """Maximum length, in characters."""
    lower_case: bool = True
    """Require a lower-case letter."""
    upper_case: bool = True
    """Require an upper-case letter."""
    digit: bool = True
    """Require a digit from 0 to 9."""
    special: bool = True
    """Require a special character: neither a letter nor a digit. A space counts."""
    forbid_current: bool = True
    """Refuse a new password that is equal to the current one."""
    forbid_login: bool = True
    """Refuse a password that contains the login, or a word of the person's mail addresses with at least three
    characters."""
    forbid_names: bool = True
    """Refuse a password that contains one of the person's names, or a word of a name with at least three
    characters."""
    forbidden_words: tuple[Text, ...] = ()
    """Words that a password must not contain, such as the names of the academy and of its applications. Case and
    accents are ignored; words of fewer than three characters have no effect."""
    min_strength: Annotated[int, Field(ge=0, le=100)] = 0
    """Minimum strength in percent of the bar beside the field; 0: no minimum. 80 is zxcvbn's "safely unguessable"
    (score 3)."""
    allow_common: bool = False
    """Accept passwords that attackers try first, such as those of public lists."""
    pwned_url: SecuredLink = ""
    """URL of a mirror of the Pwned Passwords range service, such as https://api.pwnedpasswords.com/range/; "": no
    such check. Only the first characters of a SHA-1 hash are sent."""
    pwned_tls_strict: bool = True
    """As `directory.tls_strict`, for that mirror."""
    pwned_timeout_seconds: Annotated[float, Field(gt=0, le=5)] = 1.0
    """Seconds to wait for that mirror. If it does not answer in time, the password is accepted."""
    history: Annotated[int, Field(ge=0)] = 5
    """Number of former passwords that the pages say are refused. The directory's policy (pwdInHistory) decides."""


class Lockout(Section):
    """The directory's lock-out, as the pages describe it.

    Its policy (pwdMaxFailure, pwdLockoutDuration) decides, so repeat its values here.
    """

    failures: Annotated[int, Field(ge=1)] = 10
    """Number of wrong passwords after which the directory locks an account (pwdMaxFailure)."""
    minutes: Annotated[int, Field(ge=0)] = 15
    """Minutes until the lock ends (pwdLockoutDuration); 0: the lock stays until a reset."""


class ResetMode(StrEnum):
    """What a reset does after the person has proved who they are."""

    CHOOSE = "choose"
    """The person chooses a new password."""
    INITIAL = "initial"
    """The password becomes the proof itself (the NUMEN), and must be changed at the next login."""


class Reset(Section):
    """The reset of a forgotten password."""

    mode: ResetMode = ResetMode.CHOOSE
    """"choose": people choose a new password themselves. "initial": the password becomes the number by which they
    proved who they are, and must be changed at the next login."""
    ticket_minutes: Annotated[int, Field(ge=1, le=15)] = 10
    """Minutes in which a person must choose the new password after proving who they are."""
    initial_policy: Annotated[Dn | None, Field(validate_default=True)] = None
    """DN of a password policy without history, which the entry gets for the one write of mode = "initial". Required
    with that mode."""

    @field_validator("initial_policy")
    @classmethod
    def _needed_by_mode_initial(cls, policy: str | None, info: ValidationInfo) -> str | None:
        if policy is None and info.data.get("mode") is ResetMode.INITIAL:
            raise ValueError('is missing, and mode = "initial" needs it: cn=initial,ou=policies,… of ldif/')
        return policy
