"""Mistakes that the settings themselves refuse, each with the words that name the fix."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.checks.finding import fail
from tests.support.planted_mistakes import Mistake, prove
from tests.support.slapd_server import SUFFIX


def settings(place):
    """What every command prints before it ends: the setting, and what is wrong with it."""
    try:
        place.settings  # noqa: B018 - reading validates
    except ValidationError as error:
        for problem in error.errors():
            yield fail(".".join(map(str, problem["loc"])), problem["msg"], problem["msg"])


def refused(name, section, wrong, *, subject, words, right):
    """Values of a section that are refused, and those that are right."""
    return Mistake(
        name=name,
        plant=lambda place: place.set(section, **wrong),
        subject=subject,
        hint=words,
        fix=lambda place: place.set(section, **right),
        check=settings,
    )


DOMAIN = {
    "type": "active_directory", "servers": ["ldaps://dc.example"], "base": "dc=example", "bind_dn": "cn=x",
    "bind_password_file": "/nowhere",
}  # fmt: skip

MISTAKES = (
    refused(
        "filter of a domain without {login}", "workstation",
        {"targets": {"domain": {**DOMAIN, "filter": "(objectClass=user)"}}},
        subject="filter", words=["does not hold {login}", "same account for everybody"],
        right={"targets": {}},
    ),
    refused(
        "plain LDAP over the network", "directory", {"servers": ["ldap://annuaire.example"]},
        subject="directory.servers", words=["ldaps://"], right={"servers": ["ldaps://annuaire.example"]},
    ),
    refused(
        "StartTLS on ldaps", "directory", {"servers": ["ldaps://annuaire.example"], "start_tls": True},
        subject="directory.servers", words=["start_tls is for ldap:// alone"], right={"start_tls": False},
    ),
    refused(
        "form of a birth date without the year", "people", {"birth_date_format": "%d%m%y"},
        subject="people.birth_date_format", words=["must contain %Y, %m and %d"],
        right={"birth_date_format": "%d%m%Y"},
    ),
    refused(
        "a password file as file of authorities", "directory", {"ca_file": "/etc/passwd"},
        subject="directory.ca_file", words=["is no file of certificates in PEM"], right={"ca_file": None},
    ),
    refused(
        "capture without an account", "capture", {"socket": "/run/mamia-capture.sock"},
        subject="capture.bind_dn", words=["capture.socket needs it"],
        right={"bind_dn": f"cn=capture,{SUFFIX}", "bind_password_file": "/nowhere"},
    ),
    refused(
        "initial passwords without their policy", "reset", {"mode": "initial", "initial_policy": None},
        subject="reset.initial_policy", words=["cn=initial,ou=policies"],
        right={"initial_policy": f"cn=initial,ou=policies,{SUFFIX}"},
    ),
    refused(
        "a base that is no DN", "people", {"base": "people"},
        subject="people.base", words=["DN"], right={"base": f"ou=people,{SUFFIX}"},
    ),
    refused(
        "a filter that is none", "people", {"filter": "objectClass=mamiaPerson"},
        subject="people.filter", words=["filter"], right={"filter": "(objectClass=mamiaPerson)"},
    ),
)  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_message_names_the_fix(place, mistake):
    prove(mistake, place)
