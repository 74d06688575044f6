"""What a member of staff does at a page in the browser, whatever its language, with or without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page


def words(page: Page, selector: str) -> str:
    """The words that are shown there, with ordinary blanks and hyphens: French pages have others."""
    return re.sub(r"\s+", " ", page.inner_text(selector)).replace("\u2011", "-")


def follow_service(page: Page, name: str) -> None:
    """Follow the link to a service at the top of the page; on a phone it is in the menu."""
    menu = page.locator(".menu summary")
    if menu.is_visible():
        menu.click()
    with page.expect_navigation():
        page.locator(".menu a, .services-nav a").get_by_text(name, exact=True).locator("visible=true").click()


def fill(page: Page, **typed: str) -> None:
    for name, value in typed.items():
        page.fill(f"[name={name}]", value)


def follow(page: Page, link: str) -> None:
    """Click a link or button and wait for the next page: after the click alone the former one may still be there."""
    with page.expect_navigation():
        page.click(link)


def press_enter(page: Page) -> None:
    """Press Enter and wait until the next page is there with its scripts, which change what the keyboard does."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def send(page: Page) -> None:
    follow(page, "#service > button:not(.first)")


def prove(page: Page, address: str, login: str = "fdurand4", proof: str = "12E8534567ABC") -> None:
    """The first step of a reset."""
    page.goto(address)
    fill(page, login=login, proof=proof, birth_date="27/03/1985")
    send(page)


def choose(page: Page, new: str) -> None:
    fill(page, new_password=new, confirmation=new)
    send(page)


def change(page: Page, address: str, current: str, new: str, login: str = "fdurand4") -> None:
    page.goto(address)
    fill(page, login=login, current_password=current, new_password=new, confirmation=new)
    send(page)
