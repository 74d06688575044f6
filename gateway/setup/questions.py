"""The questions of `mamia setup`: what is asked, with which words, and how each answer is tried."""

from __future__ import annotations

from collections.abc import Callable

from gateway.setup.attempts import try_mail, try_people, try_port, try_servers, try_site, try_store
from gateway.setup.attempts_workstation import try_domain, try_domain_servers, try_kerberos, try_workstation_filter
from gateway.setup.console import NONE
from gateway.setup.question import (
    Group,
    Question,
    closures,
    dns,
    number,
    openings,
    optional,
    show_closures,
    show_list,
    show_openings,
    words,
)
from gateway.setup.session import Session


def needs_tls(session: Session) -> bool:
    """Return whether a server of the directory is reached with TLS."""
    return any(str(url).startswith("ldaps:") for url in session.answers.get("directory.servers", [])) or bool(
        session.answers.get("directory.start_tls")
    )


def _is(kind: str) -> Callable[[Session], bool]:
    return lambda session: session.target_type == kind


def _has_target(session: Session) -> bool:
    return bool(session.target_type)


def _mails(session: Session) -> bool:
    return bool(session.answers.get("notifications.smtp_host"))


DIRECTORY = Group(
    "Directory",
    (
        Question(
            "directory.servers",
            "LDAP servers that take writes, the preferred one first",
            "URLs such as ldaps://ldap1.ac-example.fr, separated by blanks. ldap:// is for a server on this machine; "
            "ldapi:// names slapd's own socket. Replicas that only answer searches come into directory.read_servers "
            "of mamia.toml later.",
            words,
            show_list,
            lambda session: () if needs_tls(session) else try_servers(session),
        ),
        Question(
            "directory.ca_file",
            "File of the authority that signed their certificates",
            "A PEM file with the certificate of your authority. Type none if this system trusts it already.",
            optional,
            lambda value: str(value or NONE),
            try_servers,
            needs_tls,
        ),
    ),
)
BASE = Group(
    "People",
    (
        Question(
            "people.base",
            "Where people are",
            "DN of the subtree that has all staff, such as ou=people,dc=ac-example,dc=fr.",
        ),
    ),
)
STAFF = (
    Question(
        "people.filter",
        "Filter that names staff",
        "Only people whom this filter names are served. Pupils and service accounts must not fit it.",
        attempt=try_people,
    ),
    Question(
        "people.protected_groups",
        "Groups of administrators whom the service must never touch",
        "DNs of groups, separated by semicolons. Setup makes the proposed group where it does not exist; add your "
        "administrators to it.",
        dns,
        lambda values: "; ".join(values) or NONE,
    ),
)
ACADEMY = Group(
    "Academy and helpdesk",
    (
        Question("academy.name", "Name of the academy", "It is the title of pages and mails.", is_needed=True),
        Question(
            "academy.mail_domain",
            "Domain of the professional mail addresses",
            "What follows the @. New people get an address in it, and people may type it after their login.",
        ),
        Question(
            "support.phone",
            "Phone number of the helpdesk",
            "People see it on the page of the helpdesk.",
            is_needed=True,
        ),
        Question(
            "support.mail",
            "Mail address of the helpdesk",
            "People see it on the page of the helpdesk.",
            is_needed=True,
        ),
        Question(
            "support.openings",
            "Hours of the helpdesk",
            "Such as mon-fri 08:30-12:30, mon-thu 13:30-17:00; none: no hours are shown.",
            openings,
            show_openings,
        ),
        Question(
            "support.closures",
            "Days of each year on which it is closed",
            "Month and day, such as 07-15 to 08-18, 12-25 to 01-01; none: it never closes for days. Public holidays "
            "are known. The page of the helpdesk shows these days.",
            closures,
            show_closures,
        ),
        Question(
            "support.call_price",
            "Price of a call to it (standard, service_free, free, none)",
            "People see it beside the number. standard: no surcharge (01 to 07, 09); service_free: 0806 to 0809; "
            "free: 0800 to 0805. French administrations may not have a number with a surcharge.",
            lambda text: "" if text == NONE else text,
            lambda value: value or NONE,
        ),
    ),
)
WEB = Group(
    "Web service",
    (
        Question(
            "web.allowed_hosts",
            "Names of the site in people's browsers",
            "Host names without https://, separated by blanks. A request for another name gets 400.",
            words,
            show_list,
            try_site,
        ),
        Question(
            "web.trusted_proxies",
            "Proxies before the service",
            "How many proxies such as nginx are between people and the service. Setup does not make the proxy: see "
            "docs/install.md.",
            number,
        ),
        Question(
            "web.port", "Port at which the proxy connects, on 127.0.0.1", "A free TCP port.", number, attempt=try_port
        ),
        Question(
            "rate_limits.store",
            "Store of counts and used tickets",
            "A Redis or Valkey: redis://127.0.0.1:6379/0, rediss:// on another machine. A URL with a password is a "
            "secret: write it into mamia.toml by hand. memory:// is for tests.",
            attempt=try_store,
        ),
    ),
)
WORKSTATION = Group(
    "Workstations",
    (
        Question(
            "workstation.targets.{target}.servers",
            "Domain controllers",
            "ldaps:// URLs, separated by blanks; the preferred one first.",
            words,
            show_list,
            when=_is("active_directory"),
        ),
        Question(
            "workstation.targets.{target}.ca_file",
            "File of the authority that signed their certificates",
            "A PEM file; none if this system trusts it already.",
            optional,
            lambda value: str(value or NONE),
            try_domain_servers,
            _is("active_directory"),
        ),
        Question(
            "workstation.targets.{target}.bind_dn",
            "Account with the right to reset passwords",
            "Such as svc-gateway@ad.ac-example.fr. Delegate it the right to reset passwords, and no other.",
            when=_is("active_directory"),
        ),
        Question(
            "workstation.targets.{target}.base",
            "Where the accounts are",
            "DN of the subtree, such as OU=People,DC=ad,DC=ac-example,DC=fr.",
            when=_is("active_directory"),
        ),
        Question(
            "workstation.targets.{target}.bind_password_file",
            "Password of that account",
            "It comes into a file of its own that only the worker can read. Enter keeps the present one.",
            is_secret=True,
            attempt=try_domain,
            when=_is("active_directory"),
        ),
        Question(
            "workstation.targets.{target}.realm", "Name of the realm", "Such as AC-EXAMPLE.FR.", when=_is("kerberos")
        ),
        Question(
            "workstation.targets.{target}.admin_principal",
            "Principal of the worker",
            "It needs the right to change passwords (kadm5.acl), such as mamia/worker.",
            when=_is("kerberos"),
        ),
        Question(
            "workstation.targets.{target}.keytab_file",
            "Keytab of that principal",
            "Path of the file that `ktadd` of kadmin made.",
            when=_is("kerberos"),
        ),
        Question(
            "workstation.targets.{target}.krb5_conf",
            "krb5.conf of the realm",
            "Path of the file that names the realm's servers.",
            attempt=try_kerberos,
            when=_is("kerberos"),
        ),
        Question(
            "workstation.filter",
            "Filter that names people with a workstation",
            "Their new passwords go to the workstation; everybody else's do not.",
            attempt=try_workstation_filter,
            when=_has_target,
        ),
    ),
)
MAILS = Group(
    "Mails to people",
    (
        Question(
            "notifications.smtp_host",
            "Mail server",
            "People get a mail after each change, reset and lock-out. none: no mails.",
            optional,
            lambda value: str(value or NONE),
        ),
        Question(
            "notifications.smtp_security",
            "TLS of the mail server (starttls, tls, none)",
            "none is for a server on this machine.",
            when=_mails,
        ),
        Question("notifications.smtp_port", "Port", "25, 587 for starttls, 465 for tls.", number, when=_mails),
        Question("notifications.sender", "Address in the field From", "Such as no-reply@ac-example.fr.", when=_mails),
        Question(
            "notifications.smtp_user",
            "Account at the mail server",
            "none: no authentication.",
            lambda text: "" if text == NONE else text,
            lambda value: value or NONE,
            when=_mails,
        ),
        Question(
            "notifications.smtp_password_file",
            "Password of that account",
            "It comes into a file of its own that only the web service can read. Enter keeps the present one.",
            is_secret=True,
            when=lambda session: _mails(session) and bool(session.answers.get("notifications.smtp_user")),
        ),
    ),
)
AFTER = {MAILS.title: try_mail}
"""What is tried after a whole group, because it needs all of its answers."""
