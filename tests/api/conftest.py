"""An API client before a gateway: it calls by program, with a token of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.composition.web import Gateway
from tests.support.api_token import TOKEN

ALL = ["policy", "find", "change", "roundcube"]


def client_section(**changed: Any) -> dict[str, Any]:
    """[api] with one client, `API client`."""
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    client = {"token_sha256": [digest], "services": ALL, "addresses": ["127.0.0.0/8"], **changed}
    return {"clients": {"intranet": client}}


@dataclass
class ApiClient:
    app: Flask
    gateway: Gateway
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})
    environment: dict[str, Any] = field(default_factory=dict)

    def get(self, path: str) -> TestResponse:
        return self.ask("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self.ask("POST", path, **({"json": body} if body is not None else {}), **options)

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        answer = self.app.test_client().open(
            "/api/v1" + path, method=method, headers=self.headers, environ_overrides=self.environment, **options
        )
        # What a service does once the answer is out.
        answer.close()
        return answer


@pytest.fixture
def open_api_client(build: Callable[..., Gateway]) -> Callable[..., ApiClient]:
    """Opens an API client before a gateway with these settings: `open_api_client(client={"services": ["find"]})`."""

    def api_client(client: dict[str, Any] | None = None, **sections: dict[str, Any]) -> ApiClient:
        api = {**client_section(**(client or {})), **sections.pop("api", {})}
        gateway = build(api=api, **sections)
        return ApiClient(create_app(gateway), gateway)

    return api_client


@pytest.fixture
def api_client(open_api_client: Callable[..., ApiClient]) -> ApiClient:
    return open_api_client()
