"""Each text that we ship in `templates/content/` can be shown, with few settings and with many."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import StrictUndefined

from gateway.web import content

FOLDER = Path(__file__).parents[2] / "templates" / "content"
NAMES = sorted(file.relative_to(FOLDER).with_suffix("").as_posix() for file in FOLDER.glob("*/*.md"))
MANY = {
    "academy": {
        "home_url": "https://www.ac-example.fr/",
        "webmail_url": "https://webmail.ac-example.fr/",
        "iprof_url": "https://iprof.ac-example.fr/",
        "portal_url": "https://arena.ac-example.fr/",
        "antispam_url": "https://antispam.ac-example.fr/",
        "sympa_url": "https://listes.ac-example.fr/",
        "dpo_mail": "dpd@ac-example.fr",
        "mailbox_megabytes": 500,
    },
    "support": {"mail": "assistance@ac-example.fr", "call_price": "free"},
    "legal": {
        "publisher": "Rectorat",
        "address": "4 rue de l’Exemple",
        "host": "Rectorat",
        "host_phone": "0380000000",
    },
    "accessibility": {"audited_on": "2026-11-01", "audited_by": "Cabinet", "percent": 98},
}


@pytest.fixture(params=[{}, MANY], ids=["few settings", "many settings"])
def app(open_browser, request):
    app = open_browser(**request.param).client.application
    app.jinja_env.undefined = StrictUndefined
    return app


class TestContents:
    @pytest.mark.parametrize("name", NAMES)
    def test_when_shown_then_it_knows_every_name_and_has_words(self, app, name):
        language, _, text = name.partition("/")

        with app.test_request_context(f"/?langue={language}"):
            shown = content.text(text)

        assert shown.language == language
        assert shown.body or shown.sections
        assert all(section.body for section in shown.sections)
        assert "{{" not in shown.body + "".join(section.body for section in shown.sections)
