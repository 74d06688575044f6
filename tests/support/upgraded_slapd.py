"""A directory with the files of `ldif/` of the version before, brought up to date by those of `ldif/upgrade/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from gateway.demo import private_slapd
from tests.support.slapd_server import SlapdServer

BEFORE = Path(__file__).parents[1] / "directory" / "ldif-before"
"""`ldif/` as version 0.1.0 had it."""
CONFIG_FILES_BEFORE = tuple(name for name in private_slapd.CONFIG_FILES if (BEFORE / name).exists())
DATA_FILES_BEFORE = ("50-base-tree.ldif", "60-policies.ldif", "70-services.ldif")
GROUPS = "dn: ou=groups,dc=ac-example,dc=fr\nobjectClass: organizationalUnit\nou: groups\n"
NEW_FILES = ("upgrade/schema.ldif", "schema/mamia-worker.ldif", "75-protected-people.ldif")
UPGRADES = ("upgrade/70-services.ldif", "upgrade/30-access.ldif", "upgrade/35-workstation-nt.ldif")
UPGRADE_OF_CAPTURE = "upgrade/93-capture.ldif"


class SlapdBefore(SlapdServer):
    """As version 0.1.0 made it."""

    def __init__(self, state: Path, **arguments: Any) -> None:
        with patch.multiple(
            private_slapd, ldif_folder=lambda: BEFORE, CONFIG_FILES=CONFIG_FILES_BEFORE, DATA_FILES=DATA_FILES_BEFORE
        ):
            super().__init__(state, **arguments)

    def load_before(self, name: str, **values: str) -> None:
        """A file of that version; `values` take the places of its @…@."""
        self._load(BEFORE / name, values)

    def upgrade(self, name: str, **values: str) -> None:
        """A file of today's `ldif/`."""
        self._load(private_slapd.ldif_folder() / name, values)

    def bring_up_to_date(self) -> None:
        """As docs/directory.md says, but for the files of `mamia capture`."""
        self.load(GROUPS)
        for name in (*NEW_FILES, *UPGRADES):
            self.upgrade(name)

    def _load(self, file: Path, values: dict[str, str]) -> None:
        text = file.read_text(encoding="utf-8")
        for place, value in values.items():
            text = text.replace(f"@{place}@", value)
        self.load(text, as_config="cn=config" in text)


class UpgradedSlapd(SlapdBefore):
    """The same after the upgrade."""

    def __init__(self, state: Path, **arguments: Any) -> None:
        super().__init__(state, **arguments)
        self.bring_up_to_date()


NEW_AND_UPGRADED = (pytest.param(SlapdServer, id="new"), pytest.param(UpgradedSlapd, id="upgraded"))
