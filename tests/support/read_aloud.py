"""A page as a screen reader says it, one thing a line, in French or English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.support.accessibility_tree import Node
from tests.support.screen_reader_words import WORDS

INDENT = "  "
_BEFORE_MARK = re.compile(r" ([.,;)])")
INLINE = frozenset(
    {"StaticText", "link", "strong", "emphasis", "code", "time", "Abbr", "mark", "superscript", "subscript", "none"}
)
"""Roles that go on in the line."""
SILENT = frozenset({"ListMarker", "LineBreak", "InlineTextBox"})
FOLDED = frozenset({"generic", "paragraph", "LabelText", "Legend", "Figcaption", "legend", "DescriptionListTerm"})
"""Roles of which only what is in them is said."""
NAMED_BY_CONTENT = frozenset({"button", "textbox", "radio", "checkbox", "image", "DisclosureTriangle", "Audio"})
LANDMARKS = frozenset({"banner", "navigation", "complementary", "contentinfo"})
"""Parts around the main one that are the same on many pages."""


@dataclass(frozen=True)
class Voice:
    """Says pages in one language."""

    language: str

    @property
    def words(self) -> Mapping[str, str | tuple[str, str]]:
        return WORDS[self.language]

    def page(self, root: Node, former: Node | None = None) -> list[str]:
        """The lines. Landmarks that were the same on the `former` page are not said again."""
        known = {tuple(self._parts([one], "")) for one in _landmarks(former)} if former else set()
        lines = [f"{self._word('page')} {self._quoted(root.name)}"]
        for part in _pieces(root.children):
            said = self._parts(part, "")
            is_known = len(part) == 1 and part[0].role in LANDMARKS and tuple(said) in known
            lines += [f"{said[0]} : {self._word('same')}"] if is_known else said
        return lines

    def _parts(self, nodes: Sequence[Node], indent: str) -> list[str]:
        lines = []
        for piece in _pieces(nodes):
            if piece[0].role in INLINE:
                # The tree has no blanks between the parts of a line.
                text = _BEFORE_MARK.sub(r"\1", " ".join(filter(None, map(self._inline, piece))))
                lines += [indent + text] if text else []
            else:
                lines += self._block(piece[0], indent)
        return lines

    def _inline(self, node: Node) -> str:
        if node.role == "link":
            return self._said(node)
        return node.name if node.role == "StaticText" else " ".join(map(self._inline, node.children))

    def _block(self, node: Node, indent: str) -> list[str]:
        match node.role:
            case role if role in SILENT:
                return []
            case role if role in FOLDED:
                return self._parts(node.children, indent)
            case "status":
                return [f"{indent}{self._word('status')} : {node.text}"] if node.text else []
            case "heading":
                return [f"{indent}{self._word('heading').format(node.states['level'])} : {node.name}"]
            case "term":
                return [f"{indent}{self._word('term')} : {node.text}"]
            case "listitem":
                return self._item(node, indent)
        return self._whole(node, indent)

    def _item(self, node: Node, indent: str) -> list[str]:
        first, *others = self._parts(node.children, "") or [""]
        if len(first) == 1 and others:
            # A sign that the style sheet sets before the words.
            first = f"{first} {others.pop(0)}"
        return [f"{indent}• {first}", *(f"{indent}{INDENT}{line}" for line in others)]

    def _whole(self, node: Node, indent: str) -> list[str]:
        if node.role == "list":
            count = sum(child.role == "listitem" for child in node.children)
            return [indent + self._word("list").format(count), *self._parts(node.children, indent)]
        inside = [] if node.role in NAMED_BY_CONTENT else self._parts(node.children, indent + INDENT)
        return [indent + self._said(node), *inside]

    def _said(self, node: Node) -> str:
        role = "password" if node.states.get("type") == "password" else node.role
        name = f" {self._quoted(node.name)}" if node.name else ""
        return ", ".join([f"{self._word(role)}{name}", *self._states(node)])

    def _states(self, node: Node) -> Iterator[str]:
        for state in ("required", "invalid", "disabled", "readonly", "focused"):
            if node.states.get(state) not in (None, False, "false", ""):
                yield self._word(state)
        for state in ("expanded", "pressed", "checked"):
            if state in node.states:
                yield self.words[state][node.states[state] in (True, "true")]
        if "aria-current" in node.states:
            yield self._word("current")
        if node.value and node.role == "textbox":
            yield f"{self._word('value')} {self._quoted(node.value)}"
        if node.description:
            yield f"{self._word('description')} {self._quoted(node.description)}"

    def _quoted(self, text: str) -> str:
        return self._word("quotes").format(text)

    def _word(self, name: str) -> str:
        """The role itself where there is no word for it, so that nothing is left out."""
        return str(self.words.get(name, name))


def _landmarks(root: Node) -> list[Node]:
    return [child for child in root.children if child.role in LANDMARKS]


def _pieces(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """Neighbours that go on in one line are together; each other node is alone."""
    line: list[Node] = []
    for node in nodes:
        if node.role in INLINE:
            line.append(node)
            continue
        if line:
            yield line
        line = []
        yield [node]
    if line:
        yield line
