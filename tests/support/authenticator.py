"""Chromium's virtual authenticator (DevTools protocol): a phone that keeps passkeys and recognises its owner."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page


class Authenticator:
    """The authenticator of one page."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    @property
    def passkeys(self) -> list[dict[str, Any]]:
        """What it keeps, private keys included."""
        held: list[dict[str, Any]] = self._send("getCredentials")["credentials"]
        return held

    def recognises_nobody(self) -> None:
        """From now on a finger on it is the wrong one."""
        self._send("setUserVerified", isUserVerified=False)

    def put_back(self, passkeys: list[dict[str, Any]]) -> None:
        """Keep these in the place of its own, as a copy that was made before does."""
        self._send("clearCredentials")
        for passkey in passkeys:
            self._send("addCredential", credential=passkey)

    def _send(self, command: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._session.send(f"WebAuthn.{command}", {"authenticatorId": self._id, **more})
        return answer
