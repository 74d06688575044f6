"""The handbook and the other Markdown files: what they link and name is there."""

from __future__ import annotations

import re
import subprocess
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import unquote

import pytest
from pydantic import BaseModel

from gateway.settings import AnyTarget, ApiClient, Settings

ROOT = Path(__file__).parents[1]
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=ROOT, capture_output=True, text=True, check=True,
).stdout.split()  # fmt: skip
# Texts for people: they hold links to pages of the service.
PAGES = sorted(name for name in TRACKED if not name.startswith("templates/") and (ROOT / name).is_file())
MAX_README_LINES = 120

_FENCE = re.compile(r"^ *(```+).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *#*$", re.MULTILINE)


def links(page: str) -> list[str]:
    """The targets of a page's links that lead neither to another site nor into code."""
    text = _CODE.sub("code", _FENCE.sub("", (ROOT / page).read_text()))
    found = [link["target"] for link in _LINK.finditer(text)]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors that a forge, and Sphinx by `myst_heading_anchors`, give to a page's headings."""
    used: dict[str, int] = {}
    found = set()
    for heading in _HEADING.finditer(_FENCE.sub("", page.read_text())):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading["title"])
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = used.get(slug, 0)
        used[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found


class TestLinks:
    def test_when_they_are_read_then_the_pages_have_some(self):
        """Else the test before proves nothing."""
        assert {"docs/index.md", "README.md", "ldif/README.md"} <= set(PAGES)
        assert sum(len(links(page)) for page in PAGES) > 100


class TestReadme:
    def test_when_it_is_read_then_it_is_short(self):
        assert len((ROOT / "README.md").read_text().splitlines()) <= MAX_README_LINES


class TestHandbook:
    def test_when_it_has_a_page_then_the_first_page_links_it(self):
        first = ROOT / "docs" / "index.md"
        linked = {(first.parent / target.partition("#")[0]).resolve() for target in links("docs/index.md")}

        assert {page for page in (ROOT / "docs").rglob("*.md") if page != first} - linked == set()


class TestDecisions:
    def test_when_they_are_counted_then_each_has_a_number_of_its_own(self):
        numbers = [file.name[:4] for file in sorted((ROOT / "docs" / "decisions").glob("*.md"))]

        assert len(numbers) == len(set(numbers))
        for file in (ROOT / "docs" / "decisions").glob("*.md"):
            assert file.read_text().startswith(f"# {int(file.name[:4])}. ")


class TestAlert:
    def test_when_it_fires_then_the_handbook_says_what_to_do(self):
        [rules] = ROOT.glob("*/monitoring/alerts.yaml")
        alerts = re.findall(r"alert: (\w+)", rules.read_text())

        assert alerts
        assert {alert.lower() for alert in alerts} - anchors(ROOT / "docs" / "operate.md") == set()
        french = (ROOT / "docs" / "fr" / "astreinte.md").read_text()
        assert [alert for alert in alerts if f"| {alert} |" not in french] == []


class TestMetrics:
    def test_when_the_code_has_one_then_the_handbook_says_what_it_means(self):
        metrics = set(re.findall(r'"(mamia_\w+)"', (ROOT / "gateway" / "metrics.py").read_text()))

        described = re.findall(r"`(mamia_\w+)`", (ROOT / "docs" / "operate.md").read_text())
        assert metrics
        assert metrics - {metric.removesuffix("_total") for metric in described} == set()


class TestCommand:
    @pytest.mark.parametrize(
        "command", ["account", "api-token", "capture", "check", "keygen", "people import", "sync"]
    )
    def test_when_an_operator_has_it_then_the_handbook_names_it(self, command):
        pages = "".join(file.read_text() for file in (ROOT / "docs").glob("*.md"))

        assert f"mamia {command}" in pages


# Names in code that look like `section.key` and end like a file are files.
FILE_ENDINGS = re.compile(
    "acl|cfg|conf|css|csv|html|js|json|key|ldif|log|md|mo|password|php|po|pub|py|schema|service|socket|sysusers"
    "|tmpfiles|toml|txt|yaml|yml"
)
# The changelog names settings that are gone.
HANDBOOK = [page for page in PAGES if page != "CHANGELOG.md"]
_TOML = re.compile(r"^(?P<indent> *)```toml\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r"`\[?(?P<section>[a-z][a-z_]*)\.(?P<key>[a-z][a-z0-9_]*)(?= ?=|\]?`)")
_VARIABLE = re.compile(r"MAMIA_(?P<section>[A-Z][A-Z_]*?)__(?P<key>[A-Z0-9_]+)")


def exists(section: str, key: str = "") -> bool:
    """Whether the settings have this section and, if one is named, this key in it."""
    field = Settings.model_fields.get(section)
    model: Any = field.annotation if field else None
    return model is not None and (not key or key in model.model_fields)


def keys_of(tables: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Section and key of each setting in an example; those of targets and API clients are checked by their models."""
    for section, table in tables.items():
        yield section, ""
        for key in table if isinstance(table, dict) else ():
            yield section, key


class TestPage:
    @pytest.mark.parametrize("page", PAGES)
    def test_when_it_links_a_file_then_the_file_and_the_anchor_are_there(self, page):
        broken = []
        for target in links(page):
            path, _, anchor = unquote(target).partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(target)

        assert broken == []

    @pytest.mark.parametrize("page", HANDBOOK)
    def test_when_it_names_a_setting_then_the_settings_have_it(self, page):
        text = (ROOT / page).read_text()
        named = {
            (one["section"], one["key"]) for one in _KEY.finditer(text) if not FILE_ENDINGS.fullmatch(one["key"])
        }
        named |= {(one["section"].lower(), one["key"].lower()) for one in _VARIABLE.finditer(text)}
        for example in _TOML.finditer(text):
            named |= set(keys_of(tomllib.loads(textwrap.dedent(example["text"]))))

        unknown = sorted(f"{section}.{key}" for section, key in named if not exists(section, key))

        assert unknown == []

    @pytest.mark.parametrize("page", HANDBOOK)
    def test_when_its_example_has_targets_or_clients_then_their_keys_are_known(self, page):
        known = {kind: set(model.model_fields) for kind, model in target_models().items()}
        for example in _TOML.finditer((ROOT / page).read_text()):
            tables = tomllib.loads(textwrap.dedent(example["text"]))
            for target in tables.get("workstation", {}).get("targets", {}).values():
                assert set(target) <= known[target["type"]]
            for client in tables.get("api", {}).get("clients", {}).values():
                assert set(client) <= set(ApiClient.model_fields)


def target_models() -> dict[str, type[BaseModel]]:
    """From the `type` of a target to the class of its section."""
    union: Any = AnyTarget
    while get_origin(union) is Annotated:
        union = get_args(union)[0]
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(union)}


class TestSettings:
    def test_when_the_pages_are_searched_then_many_are_named(self):
        """Else the tests before prove nothing."""
        text = "".join((ROOT / page).read_text() for page in HANDBOOK)

        assert len(set(_KEY.findall(text))) > 50
        assert len(_TOML.findall(text)) > 5
