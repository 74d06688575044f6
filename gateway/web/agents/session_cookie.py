"""The cookie of an agent's session, and who the present request is from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Response, g, request

from gateway.services.agent_sessions import AgentSession, AgentSessions
from gateway.services.caller import Caller, EntryPoint
from gateway.web import client_info

PATH = "/guichet"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Reads the session of a request, and sends it back with every answer, so that it ends when nothing is asked."""

    sessions: AgentSessions
    secure: bool
    """Whether browsers must send the cookie over TLS only."""

    @property
    def name(self) -> str:
        """The name of the cookie. With its prefix browsers accept it only over TLS (RFC 6265bis, 4.1.3.1)."""
        return ("__Secure-" if self.secure else "") + "mamia-guichet"

    def read(self) -> AgentSession | None:
        """Return the session that the browser sent; None if there is none any more. Raises Outage."""
        text = request.cookies.get(self.name, "")
        return self.sessions.read(text, client_info.caller(EntryPoint.PAGE))

    def send(self, response: Response) -> Response:
        """Set or delete the cookie, as the request has left the session; leave it where nobody looked at it."""
        if "agent_session" not in g:
            return response
        if session := g.agent_session:
            lifetime = 60 * self.sessions.settings.idle_minutes
            self._set(response, self.sessions.seal(session), lifetime)
        elif self.name in request.cookies:
            self._set(response, "", 0)
        return response

    def _set(self, response: Response, text: str, lifetime: int) -> None:
        response.set_cookie(
            self.name, text, lifetime, path=PATH, secure=self.secure, httponly=True, samesite="Strict"
        )


def begin(session: AgentSession) -> None:
    """Make `session` that of the present request, so that its answer sets the cookie."""
    g.agent_session = session


def drop() -> None:
    """Make the answer to the present request delete the cookie."""
    g.agent_session = None


def present() -> AgentSession:
    """Return the session of the present request, which has one."""
    session: AgentSession = g.agent_session
    return session


def as_agent(caller: Caller) -> Caller:
    """Return the facts of the present request with the agent's name, for the audit."""
    return replace(caller, operator=present().login)
