"""`mamia api-token`: make the token with which an API client authenticates."""

from __future__ import annotations

import argparse
import hashlib
import secrets

from pydantic import TypeAdapter, ValidationError

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.settings.api import ClientName

TOKEN_BYTES = 32


def run(arguments: argparse.Namespace) -> int:
    """Print the token and the section of the settings for it, which holds only the SHA-256 of the token.

    Returns the exit code. Raises CommandFailed if the name cannot be that of an API client.
    """
    name = _client_name(arguments.name)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    digest = hashlib.sha256(token.encode()).hexdigest()
    section = "\n".join(
        (
            f"[api.clients.{name}]",
            f'token_sha256 = ["{digest}"]',
            'services = ["change"]',
            'addresses = ["192.0.2.10/32"]',
        )
    )
    if arguments.json:
        print_json({"name": name, "token": token, "token_sha256": digest, "settings": section})
        return ExitCode.DONE
    print(f"token, for the API client alone: {token}")
    print("settings of the web service (services: policy, find, change, roundcube; addresses: from where it calls):")
    print(section)
    return ExitCode.DONE


def _client_name(text: str) -> str:
    try:
        return TypeAdapter(ClientName).validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise CommandFailed(f"{text!r} {reason}", ErrorKind.ARGUMENTS, ExitCode.UNUSABLE) from None
