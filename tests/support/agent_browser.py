"""An agent of the helpdesk with a browser: signs in with the code of the mail, searches, looks and acts."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from gateway.demo.private_slapd import SUFFIX
from tests.support.browser import Browser, Page
from tests.support.matching import first_match
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.smtp_server import SmtpServer

SIGN_IN, SEARCH, PERSON = "/guichet/connexion", "/guichet/recherche", "/guichet/personne"
SIGN_OUT = "/guichet/sortie"
COOKIE = "mamia-guichet"
AGENT, PRIVATE = "jagent", "jeanne@exemple.org"
GROUP = f"cn=helpdesk,ou=groups,{SUFFIX}"
REASON = "Ticket 4711"


def helpdesk_settings(server: SlapdServer, **more: Any) -> dict[str, Any]:
    """[helpdesk], for agents on this machine."""
    return {
        "bind_dn": f"cn=helpdesk,ou=services,{SUFFIX}",
        "bind_password": server.slapd.password("helpdesk"),
        "agents_group": GROUP,
        "networks": ["127.0.0.0/8"],
        **more,
    }


def add_agent(server: SlapdServer, login: str = AGENT, **attributes: Any) -> str:
    """Somebody with a private address; `set_agents` makes an agent of them."""
    server.add_person(login, surname="Agent", given_name="Jeanne", **{"privateMail": PRIVATE, **attributes})
    return login


def set_agents(server: SlapdServer, *logins: str) -> None:
    """Make these people the agents of the helpdesk, and nobody else."""
    members = "".join(f"member: {server.dn(login)}\n" for login in logins)
    remove_group(server)
    server.load(
        f"dn: {GROUP}\nobjectClass: groupOfNames\ncn: helpdesk\nmember: cn=decoy,ou=services,{SUFFIX}\n{members}"
    )


def remove_group(server: SlapdServer) -> None:
    """Delete the group of the agents, if there is one."""
    with server.as_admin() as line:
        if any(dn.lower() == GROUP for dn, _ in line.search_s(f"ou=groups,{SUFFIX}", 2, attrlist=["1.1"])):
            line.delete_s(GROUP)


@dataclass
class AgentBrowser:
    """A browser before a gateway with [helpdesk]."""

    browser: Browser
    mails: SmtpServer

    def type_password(self, login: str = AGENT, password: str = PASSWORD) -> Page:
        """The first step of the sign-in."""
        return self.browser.fill_in(SIGN_IN, login=login, current_password=password)

    def type_code(self, page: Page, code: str = "", to: str = PRIVATE) -> Page:
        """The second one, with the code of the newest mail."""
        return self.browser.send(SIGN_IN, page, code=code or code_in(self.mails, to))

    def sign_in(self, login: str = AGENT, to: str = PRIVATE) -> Page:
        """Both steps."""
        return self.type_code(self.type_password(login), to=to)

    def search(self, searched: str, reason: str = REASON) -> Page:
        """Search on the page of the search."""
        return self.browser.fill_in(SEARCH, searched=searched, reason=reason)

    def look(self, login: str, reason: str = REASON) -> Page:
        """Search a login, and press the button of the person."""
        page = self.search(login, reason)
        return self.browser.send(SEARCH, page, searched=login, reason=reason, person=login)

    def act(self, page: Page, action: str, password: str = PASSWORD) -> Page:
        """Press a button on the page of a person."""
        return self.browser.send(PERSON, page, action=action, current_password=password)

    def sign_out(self, page: Page) -> Page:
        """Press the button on any page of the session."""
        return self.browser.send(SIGN_OUT, page)


def plain_text(mail: EmailMessage) -> str:
    """The mail without its HTML."""
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def wait_until_told(mails: SmtpServer, subject: str, to: str = "francois@exemple.org") -> None:
    """Wait for the mail with this subject to the private address of fdurand4."""

    def subjects() -> list[str]:
        return [str(mail["Subject"]).replace("\N{NO-BREAK SPACE}", " ") for mail in mails.mails if mail["To"] == to]

    wait_until(lambda: subject in subjects())


def code_in(mails: SmtpServer, to: str = PRIVATE) -> str:
    """The code in the newest mail to an address."""
    *_, newest = (mail for mail in mails.mails if mail["To"] == to)
    text = plain_text(newest)
    return str(first_match(r"\b\d{6}\b", text).group())
