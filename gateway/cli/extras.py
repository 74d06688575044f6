"""Optional parts of the program, which pip installs as extras."""

from __future__ import annotations

import sys
from importlib.util import find_spec

DEMO_MODULES = ("cryptography", "faker")


def lacks_demo(command: str) -> bool:
    """Return whether packages of the extra `[demo]` are missing; if so, print an error that begins with `command`."""
    missing = [name for name in DEMO_MODULES if find_spec(name) is None]
    if missing:
        print(
            f"{command}: {' and '.join(missing)} not installed; the extra brings what is missing: "
            "pip install 'mamia[demo]'",
            file=sys.stderr,
        )
    return bool(missing)
