"""The mamia.toml of a new installation sets nothing, names every setting, and its defaults are the real ones."""

from __future__ import annotations

import re
import tomllib

from gateway.cli.commented_settings import commented_settings
from gateway.settings.reference import sections


class TestCommentedSettings:
    def test_when_read_then_it_sets_nothing(self):
        assert tomllib.loads(commented_settings()) == {}

    def test_when_written_then_it_names_every_setting(self):
        text = commented_settings()

        missing = [
            f"{section.name}.{one.key}"
            for section in sections()
            for one in section.settings
            if f"\n#{one.key} =" not in text or f"\n#[{section.name}]\n" not in text
        ]

        assert missing == []

    def test_when_the_marks_of_a_section_are_removed_then_its_defaults_are_toml(self):
        body = re.split(r"\n#\[[^]]+\]\n", commented_settings())[1:]
        shown = [line[1:] for part in body for line in part.splitlines() if re.match(r"#\w+ = .", line)]

        assert len(shown) > 80
        assert [line for line in shown if not tomllib.loads(line)] == []
