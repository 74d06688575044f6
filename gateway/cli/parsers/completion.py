"""The arguments of `mamia completion`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs

EXIT_CODES = {ExitCode.UNUSABLE: "the arguments cannot be used, or the extra [completion] is missing"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `completion` to the commands."""
    parser = add_command(
        commands,
        "completion",
        summary="print the script that completes commands and options in a shell",
        description="Print the script with which a shell completes the commands, options and files of mamia. "
        "bash: mamia completion bash > /etc/bash_completion.d/mamia. "
        "zsh: mamia completion zsh > /usr/local/share/zsh/site-functions/_mamia. "
        "fish: mamia completion fish > /etc/fish/completions/mamia.fish. It needs the extra [completion].",
        notes=EXIT_CODES,
    )
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")
    add_json(parser, "print the script as one object")
    runs(parser, "completion", "gateway.cli.completion:run")
