"""What Chromium tells assistive technology about a page: its accessibility tree.

https://chromedevtools.github.io/devtools-protocol/tot/Accessibility/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page

ASKED_FOR = frozenset({"link", "textbox"})
"""Roles whose elements tell more than the tree does: which page is the current one, and what is a password."""


@dataclass(frozen=True)
class Node:
    """One thing that is read."""

    role: str
    name: str = ""
    description: str = ""
    value: str = ""
    states: Mapping[str, Any] = field(default_factory=dict)
    """Properties of the tree such as required, and attributes of the element for some roles."""
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """It and all that is in it, in the order of reading."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def text(self) -> str:
        """The words in it."""
        return folded(" ".join(node.name for node in self.walk() if node.role == "StaticText"))


def accessibility_tree(page: Page) -> Node:
    session = page.context.new_cdp_session(page)
    try:
        found = session.send("Accessibility.getFullAXTree")["nodes"]
        return _Reader(session, {node["nodeId"]: node for node in found}).nodes(found[0])[0]
    finally:
        session.detach()


def folded(text: str) -> str:
    """With one blank for several; those that do not break stay."""
    return " ".join(part for part in text.replace("\n", " ").split(" ") if part)


@dataclass(frozen=True)
class _Reader:
    session: CDPSession
    found: Mapping[str, dict[str, Any]]

    def nodes(self, raw: dict[str, Any]) -> list[Node]:
        """The node, or what is in one that is ignored."""
        inside = [child for number in raw.get("childIds", []) for child in self.nodes(self.found[number])]
        role = _value(raw, "role")
        if raw["ignored"]:
            return inside
        return [
            Node(
                role,
                folded(_value(raw, "name")),
                folded(_value(raw, "description")),
                _value(raw, "value"),
                {**(self._attributes(raw) if role in ASKED_FOR else {}), **_properties(raw)},
                # The letters of a text, and what a field shows, are in the node already.
                () if role in ("StaticText", "textbox") else tuple(inside),
            )
        ]

    def _attributes(self, raw: dict[str, Any]) -> dict[str, str]:
        element = self.session.send("DOM.describeNode", {"backendNodeId": raw["backendDOMNodeId"]})["node"]
        words = element.get("attributes", [])
        return dict(zip(words[::2], words[1::2], strict=True))


def _value(raw: dict[str, Any], name: str) -> str:
    return str(raw.get(name, {}).get("value", ""))


def _properties(raw: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["value"].get("value") for one in raw.get("properties", [])}
