"""The locks: complete, agreed, and of no registry in particular."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
EXTRAS_OF = {
    "runtime": [],
    "demo": ["demo"],
    "tests": ["demo", "completion", "tests"],
    "bench": ["demo", "completion", "tests", "bench"],
    "docs": ["docs"],
    "release": ["completion"],
}


def pins(lock: Path) -> list[Requirement]:
    return [Requirement(line.rstrip(" \\")) for line in lock.read_text().splitlines() if re.match(r"\w", line)]


def requirements(extras: list[str]) -> list[Requirement]:
    """What setup.cfg asks for."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    texts = [config["options"]["install_requires"]]
    texts += [config["options.extras_require"][extra] for extra in extras]
    lines = (line.partition("#")[0].strip() for text in texts for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class TestLocks:
    def test_when_compared_then_each_library_has_the_same_versions_in_all(self):
        versions: dict[str, dict[str, set[str]]] = {}
        for lock in LOCKS:
            for pin in pins(lock):
                versions.setdefault(normal(pin.name), {}).setdefault(lock.name, set()).add(str(pin.specifier))

        assert [name for name, found in versions.items() if len({frozenset(v) for v in found.values()}) > 1] == []


class TestLock:
    @pytest.mark.parametrize("lock", EXTRAS_OF)
    def test_when_setup_cfg_asks_for_something_then_a_version_that_fits_is_pinned(self, lock):
        pinned = {normal(pin.name): pin for pin in pins(ROOT / "locks" / f"{lock}.txt")}

        unmet = [
            str(wanted)
            for wanted in requirements(EXTRAS_OF[lock])
            if normal(wanted.name) not in pinned
            or not all(wanted.specifier.contains(one.version) for one in pinned[normal(wanted.name)].specifier)
        ]

        assert unmet == [], "run: make locks"

    @pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
    def test_when_read_then_every_pin_has_hashes_and_no_registry_is_named(self, lock):
        text = lock.read_text()
        entries = re.findall(r"^\w[^\n]*\n(?: {4}[^\n]*\n)*", text, re.MULTILINE)

        assert len(entries) == len(pins(lock)) > 0
        assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
        assert "://" not in text


class TestDependency:
    @pytest.mark.parametrize("extras", [[], ["demo"], ["completion"]], ids=["runtime", "demo", "completion"])
    def test_when_setup_cfg_names_it_then_the_documentation_says_what_for_and_under_which_licence(self, extras):
        table = (ROOT / "docs" / "dependencies.md").read_text()

        assert [str(wanted) for wanted in requirements(extras) if f"\n| {wanted.name} |" not in table] == []
