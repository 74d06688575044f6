"""The files of `ldif/` give exactly the rights that are declared."""

from __future__ import annotations

import pytest

from tests.support.ldif_files import LDIF, files, written

FILES = dict(files())


class TestFile:
    @pytest.mark.parametrize("name", FILES)
    def test_when_written_from_the_needs_again_then_it_stays_as_it_is(self, name):
        """`make ldif` writes it."""
        text = (LDIF / name).read_text(encoding="utf-8")

        assert written(text, FILES[name]) == text
