"""Build the handbook from the Markdown files of this repository: `make docs`.

The source folder is the repository itself, so that a link works here as it does on a forge. A link or an anchor that
leads nowhere is a warning, and warnings are errors. docs/decisions/0010-documentation-tool.md says why Sphinx.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "MA-MAMIA"
author = "the MA-MAMIA contributors"
release = re.findall(r'__version__ = "([^"]+)"', (ROOT / "gateway/__init__.py").read_text())[0]
language = "en"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "gateway/README.md", "ldif/README.md"]
# Folders that hold no page of the handbook are not searched.
exclude_patterns = [".*", "build", "dist", "docker", "locks", "node_modules", "templates", "tests", "var"]
myst_heading_anchors = 4
nitpicky = True  # files that are linked but are no pages (nginx's, the units) are copied, and offered for download

html_theme = "furo"
html_title = "MA-MAMIA handbook"
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["_static"]
html_css_files = ["handbook.css"]
html_extra_path = ["_web"]

_SECTION = re.compile(r"^## (?P<caption>.+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_PAGE = re.compile(r"\]\((?P<page>[\w./-]+)\.md\)")


def setup(app: Sphinx) -> None:
    """Let Sphinx call `add_navigation` for each page that it reads."""
    app.connect("source-read", add_navigation)


def add_navigation(app: Sphinx, docname: str, source: list[str]) -> None:
    """Append a table of contents to the first page: one part per section of it, with the pages that it links."""
    if docname != root_doc:
        return
    for section in _SECTION.finditer(source[0]):
        pages = dict.fromkeys(_PAGE.findall(section["body"]))
        if pages:
            entries = "\n".join(pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {section['caption']}\n\n{entries}\n```\n"
