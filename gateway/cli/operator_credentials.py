"""The operator's own account in the directory, for what the gateway's account may not do."""

from __future__ import annotations

import argparse
import getpass

from pydantic import SecretStr

from gateway.settings import Directory
from gateway.settings.loader import read_secret
from gateway.settings.service_accounts import bound_as


def as_operator(directory: Directory, arguments: argparse.Namespace) -> Directory:
    """Return the settings of the directory with the account that the arguments name.

    Asks for the password at the terminal if there is no file. Raises SettingsError if the file cannot be read.
    """
    return bound_as(directory, arguments.bind_dn, _password(arguments))


def _password(arguments: argparse.Namespace) -> SecretStr:
    if arguments.bind_password_file:
        return read_secret(arguments.bind_password_file, "--bind-password-file")
    return SecretStr(getpass.getpass(f"password of {arguments.bind_dn}: "))
