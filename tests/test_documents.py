"""What the documents promise is there: every test and file that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {file: file.read_text() for file in (ROOT / "tests").rglob("*.py")}
PROMISES = "".join((ROOT / "docs" / page).read_text() for page in ("security.md", "standards.md"))
NAMED = re.findall(r"`((?:tests/[\w/]+/)?test_\w+(?:…)?(?:\.py)?)`", PROMISES)
FILES = re.findall(r"`((?:gateway|tests|ldif|deploy|docker|templates)/[\w./-]+\.\w+)`", PROMISES)


class TestSecurity:
    @pytest.mark.parametrize("name", sorted(set(NAMED)))
    def test_when_it_names_a_test_then_there_is_one(self, name):
        if name.endswith(".py"):
            assert [file for file in SOURCES if str(file).endswith("/" + name)]
            return
        beginning = name.rstrip("…")
        assert any(re.search(rf"^def {re.escape(beginning)}", text, re.MULTILINE) for text in SOURCES.values())

    @pytest.mark.parametrize("name", sorted(set(FILES)))
    def test_when_it_names_a_file_then_there_is_one(self, name):
        assert (ROOT / name).is_file()
