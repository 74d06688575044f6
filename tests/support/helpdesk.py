"""The helpdesk of a test's academy: its settings, and an agent who gives codes."""

from __future__ import annotations

from typing import Any

from gateway.account.reset_code import in_groups
from gateway.composition.web import Gateway
from gateway.demo.private_slapd import SUFFIX
from gateway.services.caller import Caller, EntryPoint
from gateway.services.reset_codes import Given, ResetCodeService
from tests.support.slapd_server import SlapdServer

AGENT = Caller(EntryPoint.COMMAND, operator="helen")


def helpdesk_of(directory: SlapdServer, **more: Any) -> dict[str, Any]:
    """The section [helpdesk] with the account of `ldif/71-helpdesk-account.ldif`."""
    dn = f"cn=helpdesk,ou=services,{SUFFIX}"
    return {"bind_dn": dn, "bind_password": directory.slapd.password("helpdesk"), **more}


def codes_of(gateway: Gateway) -> ResetCodeService:
    """The service that gives codes."""
    assert gateway.services.reset_codes
    return gateway.services.reset_codes


def give_code(gateway: Gateway, login: str, agent: str = "helen") -> str:
    """A code for somebody, as the agent tells it."""
    given = codes_of(gateway).give(login, agent, "ticket 4711", AGENT)
    assert isinstance(given, Given), given
    return in_groups(given.code)
