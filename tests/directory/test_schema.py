"""The schema, in both forms."""

from __future__ import annotations

import re

import pytest

from gateway.demo.private_slapd import ldif_folder


def definitions(text: str, attribute_prefix: str, class_prefix: str) -> set[str]:
    """The definitions with blanks folded, without what introduces them."""
    unfolded = re.sub(r"\n[ \t]+", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    found = re.findall(rf"^(?:{attribute_prefix}|{class_prefix}) (\(.*\))\s*$", unfolded, re.MULTILINE)
    return {re.sub(r"\s+", " ", definition) for definition in found}


class TestSchema:
    @pytest.mark.parametrize("name, count", [("mamia", 10), ("mamia-worker", 2), ("mamia-recovery", 6)])
    def test_when_read_in_both_forms_then_it_is_the_same(self, name, count):
        folder = ldif_folder() / "schema"
        for_config = definitions((folder / f"{name}.ldif").read_text(), "olcAttributeTypes:", "olcObjectClasses:")
        for_slapd_conf = definitions((folder / f"{name}.schema").read_text(), "attributetype", "objectclass")

        assert len(for_config) == count
        assert for_config == for_slapd_conf
        assert all(definition.startswith("( 2.25.") for definition in for_config)
