"""A wheel or sdist without what `make assets` makes is never built, and two of one source have the same bits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDOR = "gateway/web/static/vendor"
UNWANTED = shutil.ignore_patterns(".*", "var", "build", "dist", "node_modules", "tests", "*.egg-info", "__pycache__")
BUILD = "import sys; sys.path.insert(0, 'deploy/release'); import backend; backend.build_{kind}(sys.argv[1])"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the project with its assets."""
    return copy(tmp_path / "source")


def copy(to: Path) -> Path:
    return shutil.copytree(ROOT, to, ignore=UNWANTED)


def build(source: Path, kind: str, umask: int = 0o022, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BUILD.format(kind=kind), str(source / "dist")]
    (source / "dist").mkdir(exist_ok=True)
    return subprocess.run(
        command, cwd=source, umask=umask, capture_output=True, text=True, env={**os.environ, **environment}
    )


class TestMissingAssets:
    @pytest.mark.parametrize("kind", ["wheel", "sdist"])
    @pytest.mark.parametrize(
        "missing",
        [f"{VENDOR}/site.css", "gateway/translations/fr/LC_MESSAGES/messages.mo"],
        ids=["style", "catalogue"],
    )
    def test_when_one_is_missing_then_nothing_is_built_and_it_says_how_to_make_it(self, source, kind, missing):
        (source / missing).unlink()

        done = build(source, kind)

        assert done.returncode != 0
        assert f"missing or empty: {missing}. Run `make assets` first." in done.stderr
        assert list((source / "dist").iterdir()) == []

    def test_when_a_file_is_empty_then_it_counts_as_missing(self, source):
        (source / VENDOR / "wordlists.json").write_text("")

        assert "wordlists.json" in build(source, "wheel").stderr

    def test_when_npm_makes_a_file_then_the_build_asks_for_it(self):
        script = json.loads((ROOT / "package.json").read_text())["scripts"]["assets"]
        made = set(re.findall(r"\$to/([\w.-]+)", script))

        text = (ROOT / "deploy/release/backend.py").read_text()

        assert made
        assert [name for name in made if f'"{name}"' not in text] == []


class TestContents:
    @pytest.mark.parametrize("kind", ["wheel", "sdist"])
    def test_when_built_then_templates_ldif_translations_and_assets_are_inside(self, source, kind):
        assert build(source, kind).returncode == 0

        [file] = (source / "dist").iterdir()
        if kind == "wheel":
            names = set(zipfile.ZipFile(file).namelist())
        else:
            with tarfile.open(file) as sdist:
                names = {name.split("/", 1)[-1] for name in sdist.getnames()}
        moved = {"templates": "gateway/templates", "ldif": "gateway/ldif"} if kind == "wheel" else {}
        folders = ["templates", "ldif", VENDOR, "gateway/translations/fr", "gateway/translations/en"]
        wanted = [one.relative_to(ROOT) for folder in folders for one in (ROOT / folder).rglob("*") if one.is_file()]
        wanted = [one for one in wanted if one.suffix not in (".po", ".pyc")]
        missing = [str(one) for one in wanted if _place(one, moved) not in names]

        assert len(wanted) > 100
        assert missing == []


def _place(file: Path, moved: dict[str, str]) -> str:
    first = file.parts[0]
    return "/".join((moved.get(first, first), *file.parts[1:]))


class TestSameBits:
    @pytest.mark.parametrize("kind", ["wheel", "sdist"])
    def test_when_folder_umask_zone_and_language_differ_then_the_file_is_the_same(self, source, tmp_path, kind):
        other = copy(tmp_path / "elsewhere" / "other")
        for file in other.rglob("*"):
            os.utime(file, (1, 1))
            file.chmod(file.stat().st_mode | 0o020)
        common = {"SOURCE_DATE_EPOCH": "1790000000"}

        assert build(source, kind, 0o022, TZ="UTC", LC_ALL="C.UTF-8", **common).returncode == 0
        assert (
            build(other, kind, 0o077, TZ="Pacific/Auckland", LC_ALL="C", PYTHONHASHSEED="7", **common).returncode == 0
        )

        [one], [two] = (source / "dist").iterdir(), (other / "dist").iterdir()
        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()
