"""For what the gateway's account may not do: the operator's own account in the directory."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from pydantic import SecretStr

from gateway.settings import Directory
from gateway.settings.loader import read_secret
from gateway.settings.service_accounts import bound_as


def add_own_account(parser: argparse.ArgumentParser, *, required: bool, why: str) -> None:
    parser.add_argument("--bind-dn", required=required, help=f"your own account in the directory, {why}")
    parser.add_argument("--bind-password-file", type=Path, help="its password's file; without it, it is asked for")


def as_operator(directory: Directory, arguments: argparse.Namespace) -> Directory:
    """The same servers, for the account that the arguments name. Raises SettingsError."""
    return bound_as(directory, arguments.bind_dn, _password(arguments))


def _password(arguments: argparse.Namespace) -> SecretStr:
    if arguments.bind_password_file:
        return read_secret(arguments.bind_password_file, "--bind-password-file")
    return SecretStr(getpass.getpass(f"password of {arguments.bind_dn}: "))
