"""`mamia api-token`: what an API client proves by who it is."""

from __future__ import annotations

import argparse
import hashlib
import secrets

from pydantic import TypeAdapter, ValidationError

from gateway.settings.api import ClientName

TOKEN_BYTES = 32


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "api-token",
        help="make a token for an API client that may use the API",
        description="Prints a token, which is kept nowhere, and the lines for the settings that know it again.",
    )
    parser.add_argument("name", metavar="NAME", type=_client_name, help="of the API client, such as webmail")
    parser.set_defaults(run=run)


def _client_name(text: str) -> str:
    try:
        return TypeAdapter(ClientName).validate_python(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def run(arguments: argparse.Namespace) -> int:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    print(f"token, for the API client alone: {token}")
    print("settings of the web service (services: policy, find, change, roundcube; addresses: from where it calls):")
    print(f"[api.clients.{arguments.name}]")
    print(f'token_sha256 = ["{hashlib.sha256(token.encode()).hexdigest()}"]')
    print('services = ["change"]')
    print('addresses = ["192.0.2.10/32"]')
    return 0
