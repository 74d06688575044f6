"""A portal before a gateway: it calls by program, with a token of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from api_token import TOKEN
from flask import Flask
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.composition.web import Gateway

ALL = ["policy", "find", "change", "roundcube"]


def client_section(**changed: Any) -> dict[str, Any]:
    """[api] with one client, `portal`."""
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    client = {"token_sha256": [digest], "services": ALL, "addresses": ["127.0.0.0/8"], **changed}
    return {"clients": {"portal": client}}


@dataclass
class Portal:
    app: Flask
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})
    environment: dict[str, Any] = field(default_factory=dict)

    def get(self, path: str) -> TestResponse:
        return self._ask("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self._ask("POST", path, **({"json": body} if body is not None else {}), **options)

    def _ask(self, method: str, path: str, **options: Any) -> TestResponse:
        answer = self.app.test_client().open(
            "/api/v1" + path, method=method, headers=self.headers, environ_overrides=self.environment, **options
        )
        # What a service does once the answer is out.
        answer.close()
        return answer


@pytest.fixture
def open_portal(build: Callable[..., Gateway]) -> Callable[..., Portal]:
    """Opens a portal before a gateway with these settings: `open_portal(client={"services": ["find"]})`."""

    def portal(client: dict[str, Any] | None = None, **sections: dict[str, Any]) -> Portal:
        api = {**client_section(**(client or {})), **sections.pop("api", {})}
        return Portal(create_app(build(api=api, **sections)))

    return portal


@pytest.fixture
def portal(open_portal: Callable[..., Portal]) -> Portal:
    return open_portal()
