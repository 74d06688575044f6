"""Optional parts of the program, which pip installs as extras."""

from __future__ import annotations

from importlib.util import find_spec

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed

DEMO_MODULES = ("aiosmtpd", "cryptography", "faker")


def require_demo(code: ExitCode) -> None:
    """Raise CommandFailed, with `code` as exit code, if packages of the extra `[demo]` are missing."""
    _require("demo", DEMO_MODULES, code)


def require_completion() -> None:
    """Raise CommandFailed if the package of the extra `[completion]` is missing."""
    _require("completion", ("shtab",), ExitCode.UNUSABLE)


def _require(extra: str, modules: tuple[str, ...], code: ExitCode) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        what = " and ".join(missing)
        hint = f"the extra brings what is missing: pip install 'mamia[{extra}]'"
        raise CommandFailed(f"{what} not installed; {hint}", ErrorKind.NOT_INSTALLED, code)
