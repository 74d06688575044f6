"""The two pictures of README.md: `make pictures` takes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.accessibility import SCREENSHOTS
from tests.support.browser import CHANGE, FIND
from tests.support.page_actions import fill, send

ROOT = Path(__file__).parents[2]
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="12"
 fill="#1d5c8f"/><path d="M14 46V22l18-9 18 9v24M24 46V32h16v14" fill="none" stroke="#fff" stroke-width="5"/></svg>"""


class TestPictures:
    def test_when_the_services_are_used_then_they_show_them_as_they_are(self, directory, serve, open_page, tmp_path):
        (tmp_path / "logo.svg").write_text(LOGO)
        directory.add_person("fdurand4", mail="francois.durand@ac-example.fr")
        academy = {
            "name": "Académie d’Exemple",
            "logo": tmp_path / "logo.svg",
            "webmail_url": "https://webmail.ac-example.fr/",
        }
        address = serve(academy=academy)
        page = open_page(viewport={"width": 1240, "height": 900})
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)

        page.goto(address + FIND)
        fill(page, surname="Durand", given_name="François", birth_date="27/03/1985")
        send(page)
        page.screenshot(path=SCREENSHOTS / "readme-found.png")
        found = page.inner_text("main")
        page.set_viewport_size({"width": 1240, "height": 1380})
        page.goto(address + CHANGE)
        fill(page, login="fdurand4", current_password="Ancien-2024", new_password="Le vélo bleu de 1998")
        page.wait_for_function("() => document.querySelector('meter, progress, [role=meter]') !== null")
        page.wait_for_function("() => document.querySelector('[data-strength-of=new_password]').innerText.trim()")
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=SCREENSHOTS / "readme-change.png")

        assert "fdurand4" in found
        assert all((SCREENSHOTS / name).stat().st_size > 10_000 for name in ("readme-found.png", "readme-change.png"))


class TestReadme:
    def test_when_it_shows_pictures_then_they_are_there(self):
        shown = re.findall(r"!\[[^\]]+\]\(([^)]+\.png)\)", (ROOT / "README.md").read_text())

        assert len(shown) == 2
        assert all((ROOT / path).is_file() for path in shown)
