"""The catalogues have what the code and the templates say: nothing missing, nothing left over, blanks kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "gateway" / "translations"
SOURCE = "en"
"""Its messages are the ones in the code: an empty translation means the message itself."""
TRANSLATIONS = sorted(file.parts[-3] for file in FOLDER.glob("*/LC_MESSAGES/messages.po"))
BLANK = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")


@pytest.fixture(scope="module")
def said():
    """What the code and the templates say: (message, context), plurals by their first form."""
    with (FOLDER / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)
    found = extract_from_dir(ROOT, methods, options, directory_filter=lambda folder: _holds_texts(Path(folder)))
    return {(first_form(message), context) for _, _, message, _, context in found}


def _holds_texts(folder: Path) -> bool:
    return folder.relative_to(ROOT).parts[0] in ("gateway", "templates")


@pytest.fixture(params=TRANSLATIONS)
def catalogue(request) -> Catalog:
    with (FOLDER / request.param / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=request.param)


def first_form(message):
    return message if isinstance(message, str) else message[0]


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


class TestCatalogues:
    def test_when_listed_then_french_and_english_are_there(self):
        assert {"fr", "en"} <= set(TRANSLATIONS)


class TestCatalogue:
    def test_when_compared_with_the_code_then_no_message_is_missing_or_left_over(self, catalogue, said):
        """`make messages` fixes it."""
        assert {(first_form(message.id), message.context) for message in messages(catalogue)} == said

    def test_when_read_then_every_message_is_translated(self, catalogue):
        if str(catalogue.locale) == SOURCE:
            return
        bare = [message.id for message in messages(catalogue) if message.fuzzy or not all(forms(message))]

        assert bare == []


class TestTranslation:
    def test_when_compared_with_its_message_then_it_has_the_same_blanks_to_fill(self, catalogue):
        differ = []
        for message in messages(catalogue):
            wanted = [first_form(message.id)] if isinstance(message.id, str) else list(message.id)
            for form, source in zip(forms(message), wanted, strict=False):
                if form and sorted(set(BLANK.findall(form))) != sorted(set(BLANK.findall(source))):
                    differ.append(form)

        assert differ == []
