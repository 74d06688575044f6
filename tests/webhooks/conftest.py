"""A receiver of webhooks, its secret, and the settings that name both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.notifications.webhook_secrets import write_secret
from tests.support.webhook_receiver import WebhookReceiverServer, receiving


@pytest.fixture
def receiver() -> Iterator[WebhookReceiverServer]:
    with receiving(WebhookReceiverServer()) as server:
        yield server


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "webhook.secret"
    write_secret(file)
    return file


@pytest.fixture
def secret(secret_file: Path) -> str:
    return secret_file.read_text().strip()


@pytest.fixture
def spool_folder(tmp_path: Path) -> Path:
    return tmp_path / "webhooks"


@pytest.fixture
def section(receiver: WebhookReceiverServer, secret_file: Path, spool_folder: Path) -> Callable[..., dict[str, Any]]:
    """The section [webhooks], with more of its settings."""

    def make(**more: Any) -> dict[str, Any]:
        return {"url": receiver.url, "secret_file": secret_file, "spool": spool_folder, **more}

    return make
