"""axe-core on every page and state: it finds what a machine can find of WCAG 2.2 AA."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import CHANGE, FIND, RESET
from directory_server import PASSWORD
from waiting_workstation import waiting_workstation

NEW = "Nouveau-2025"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"captcha": {"required": ["find", "reset", "change"]}}
NONE = {"captcha": {"required": []}}


@pytest.fixture
def page(directory, open_page):
    directory.add_person("fdurand4", departmentNumber="rectorat")
    return open_page()


def faults(page):
    """What axe found, each in one line."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


def fill(page, **typed):
    for name, value in typed.items():
        page.fill(f"[name={name}]", value)


def send(page):
    page.click("main form > button:visible:not(.first)")
    page.wait_for_load_state()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        FIND,
        RESET,
        CHANGE,
        "/assistance",
        "/questions-frequentes",
        "/donnees-personnelles",
        "/accessibilite",
        "/nowhere",
    ],
)
def test_page_when_opened_then_axe_finds_nothing(page, serve, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(serve(**ALL) + path)
    page.wait_for_load_state("networkidle")

    assert faults(page) == []


@pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
def test_form_when_it_comes_back_with_errors_then_axe_finds_nothing_and_the_summary_has_the_focus(page, serve, path):
    page.goto(serve(**ALL) + path)
    send(page)

    assert faults(page) == []
    assert page.evaluate("() => document.activeElement.id") == "resume-erreurs"
    assert page.title().startswith("Erreur\u00a0: ")


def test_found_when_shown_then_axe_finds_nothing(page, serve):
    page.goto(serve(**NONE) + FIND)
    fill(page, surname="Durand", given_name="François", birth_date="27/03/1985")
    send(page)

    assert "fdurand4" in page.inner_text("main")
    assert faults(page) == []


def test_reset_when_each_step_is_shown_then_axe_finds_nothing(page, serve):
    page.goto(serve(**NONE) + RESET)
    fill(page, login="fdurand4", proof="12E8534567ABC", birth_date="27/03/1985")
    send(page)
    page.wait_for_selector("html[data-strength=ready]")
    fill(page, new_password="abc", confirmation="abc")
    page.wait_for_timeout(600)
    assert faults(page) == []
    fill(page, new_password=NEW, confirmation=NEW)
    send(page)

    assert "a enregistré" in page.inner_text("main")
    assert faults(page) == []


def test_result_when_the_workstation_waits_then_axe_finds_nothing(page, serve, tmp_path):
    page.goto(serve(**NONE, workstation=waiting_workstation(tmp_path)) + CHANGE)
    fill(page, login="fdurand4", current_password=PASSWORD, new_password=NEW, confirmation=NEW)
    send(page)

    assert "en attente" in page.inner_text("#cibles")
    assert faults(page) == []


def test_throttled_when_shown_then_axe_finds_nothing(page, serve):
    page.goto(serve(**NONE, throttle={"per_address": "1/minute"}) + FIND)
    for _ in range(2):
        fill(page, surname="Nemo", given_name="Nobody", birth_date="27/03/1985")
        send(page)
        if page.locator("[name=surname]").count() == 0:
            break

    assert "Trop de tentatives" in page.inner_text("main")
    assert faults(page) == []


def test_outage_when_shown_then_axe_finds_nothing(page, serve, directory):
    page.goto(serve(**NONE) + CHANGE)
    directory.kill()
    fill(page, login="fdurand4", current_password=PASSWORD, new_password=NEW, confirmation=NEW)
    send(page)

    assert "ne répond pas" in page.inner_text("main")
    assert faults(page) == []
