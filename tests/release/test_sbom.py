"""The SBOM has every library of the lock and every package that pages serve, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# It needs what `make dist` installs (locks/release.txt).
pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("sbom") / "mamia-1.0.0.cdx.json"
    environment = {"SOURCE_DATE_EPOCH": "1790000000", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "deploy/release/sbom.py", file], cwd=ROOT, env=environment, check=True)
    loaded: dict[str, Any] = json.loads(file.read_text())
    return loaded


def names(document: dict[str, Any], ecosystem: str) -> set[str]:
    return {one["name"] for one in document["components"] if one["purl"].startswith(f"pkg:{ecosystem}/")}


class TestSbom:
    def test_when_written_then_it_has_each_library_of_the_lock(self, document):
        lock = (ROOT / "locks/runtime.txt").read_text()

        assert names(document, "pypi") == set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))

    def test_when_written_then_it_has_each_package_that_pages_serve_with_its_licence(self, document):
        wanted = set(json.loads((ROOT / "package.json").read_text())["dependencies"]) - {"sass", "terser"}

        assert names(document, "npm") == wanted
        assert all(one["licenses"] for one in document["components"] if one["purl"].startswith("pkg:npm/"))

    def test_when_written_then_the_format_is_right(self, document):
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator

        problem = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(
            json.dumps(document)
        )

        assert problem is None
