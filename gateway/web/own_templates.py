"""The academy's own templates that look at the request, so that a page is no longer the same for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import Environment, TemplateError, nodes

SUFFIXES: Final = (".html", ".md")
OF_THE_REQUEST: Final = frozenset({"request", "session", "g", "get_flashed_messages"})
"""Names that Flask gives to all templates."""
SAME_FOR_ALL: Final = frozenset({"endpoint", "host", "host_url", "path", "scheme"})
"""Attributes of `request` that are the same for everybody who asks for a page by one address."""


def looking_at_requests(environment: Environment, folder: Path) -> Iterator[Path]:
    """Yield the pages and texts in `folder` that use the request, and those that cannot be read."""
    return (file for file in sorted(folder.rglob("*")) if file.suffix in SUFFIXES and _looks(environment, file))


def _looks(environment: Environment, file: Path) -> bool:
    try:
        tree = environment.parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TemplateError):
        return True
    harmless = {
        id(node.node)
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "request" and node.attr in SAME_FOR_ALL
    }
    return any(node.name in OF_THE_REQUEST and id(node) not in harmless for node in tree.find_all(nodes.Name))
