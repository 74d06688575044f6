"""Parts of the program that are installed only where they are asked for."""

from __future__ import annotations

import sys
from importlib.util import find_spec

DEMO_MODULES = ("cryptography", "faker")


def lacks_demo(command: str) -> bool:
    """Whether the extra `[demo]` is missing; says so on standard error in the name of `command`."""
    missing = [name for name in DEMO_MODULES if find_spec(name) is None]
    if missing:
        print(
            f"{command}: {' and '.join(missing)} not installed; the extra brings what is missing: "
            "pip install 'mamia[demo]'",
            file=sys.stderr,
        )
    return bool(missing)
