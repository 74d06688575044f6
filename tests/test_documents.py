"""What the documents promise is there: every test and file that they name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.test_settings import COMBINATIONS

ROOT = Path(__file__).parents[1]
PROMISES = "".join((ROOT / "docs" / page).read_text() for page in ("security.md", "standards.md"))
NAMED = re.findall(r"`((?:tests/[\w/]+/|Test\w+\.)?test_\w+(?:…)?(?:\.py)?)`", PROMISES)
FILES = re.findall(r"`((?:gateway|tests|ldif|deploy|docker|templates)/[\w./-]+\.\w+)`", PROMISES)


def _tests() -> Iterator[str]:
    """Yield each test as "test_it" or "TestClass.test_it", and the path of its file from the root."""
    for file in (ROOT / "tests").rglob("test_*.py"):
        yield str(file.relative_to(ROOT))
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))


TESTS = list(_tests())


class TestSettingsAndUnits:
    def test_when_its_table_names_a_setting_of_the_web_service_then_that_is_tried_and_the_other_way_round(self):
        rows = re.findall(r"(?m)^\| `mamia\.service` \| (.*?) \|", (ROOT / "docs/operate.md").read_text())

        tried = {combination.name for combination in COMBINATIONS}
        assert {row.replace("`", "") for row in rows} == tried | {
            "password.min_strength = 80",  # TestMinimumStrength
            'web.socket = "/run/mamia-web/web.sock"',  # has its own test beside the table's
        }


class TestSecurity:
    @pytest.mark.parametrize("name", sorted(set(NAMED)))
    def test_when_it_names_a_test_then_there_is_one(self, name):
        if name.endswith(".py"):
            assert [test for test in TESTS if f"/{test}".endswith(f"/{name}")]
            return
        assert [test for test in TESTS if test.startswith(name.rstrip("…"))]

    @pytest.mark.parametrize("name", sorted(set(FILES)))
    def test_when_it_names_a_file_then_there_is_one(self, name):
        assert (ROOT / name).is_file()
