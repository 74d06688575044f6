"""`mamia api-token`: make the token with which an API client authenticates."""

from __future__ import annotations

import argparse
import hashlib
import secrets

from pydantic import TypeAdapter, ValidationError

from gateway.settings.api import ClientName

TOKEN_BYTES = 32


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `api-token` to the commands."""
    parser = commands.add_parser(
        "api-token",
        help="make a token for an API client that may use the API",
        description="Print a new token, which is stored nowhere, and the lines for the settings that accept it.",
    )
    parser.add_argument(
        "name", metavar="NAME", type=_client_name, help="name of the API client in the settings, such as webmail"
    )
    parser.set_defaults(run=run)


def _client_name(text: str) -> str:
    try:
        return TypeAdapter(ClientName).validate_python(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def run(arguments: argparse.Namespace) -> int:
    """Print the token and the section of the settings for it, which holds only the SHA-256 of the token; return 0."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    print(f"token, for the API client alone: {token}")
    print("settings of the web service (services: policy, find, change, roundcube; addresses: from where it calls):")
    print(f"[api.clients.{arguments.name}]")
    print(f'token_sha256 = ["{hashlib.sha256(token.encode()).hexdigest()}"]')
    print('services = ["change"]')
    print('addresses = ["192.0.2.10/32"]')
    return 0
