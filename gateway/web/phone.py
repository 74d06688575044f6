"""The helpdesk's phone number as a link, wherever a page shows it."""

from __future__ import annotations

import re
from functools import partial

from flask import Flask
from markupsafe import Markup, escape

from gateway.settings.support import Support
from gateway.web.typography import typeset

_DIALLED = re.compile(r"[+\d][\d\s().\-/]*")
_NATIONAL = re.compile(r"0[1-79]\d{8}")
_OVERSEAS = {
    "262": "262", "263": "262", "269": "262", "639": "262", "692": "262", "693": "262", "590": "590", "690": "590",
    "691": "590", "594": "594", "694": "594", "596": "596", "696": "596", "697": "596",
}  # fmt: skip
"""First three digits after the 0 → country code of the overseas departments (plan of the Arcep)."""
_TAGS = r"<a\b.*?</a>|<[^>]*>"


def tel_uri(phone: str, country: str = "FR") -> str:
    """Return `phone` as a tel: URI (RFC 3966); "" if it holds no number.

    French numbers get their country code, so that they can be called from abroad. Short numbers and those that begin
    with 08 cannot: they stay as they are. `country`: in which numbers without a country code are dialled.

    >>> tel_uri("01 23 45 67 89")
    'tel:+33123456789'
    """
    dialled = _DIALLED.search(phone.replace("(0)", ""))
    if not dialled or not (number := re.sub(r"[^+\d]", "", dialled.group())):
        return ""
    if country == "FR" and _NATIONAL.fullmatch(number):
        return f"tel:+{_OVERSEAS.get(number[1:4], '33')}{number[1:]}"
    return f"tel:{number}"


def init_phone_links(app: Flask, support: Support) -> None:
    """Give templates `phone_link`, the number as a link, and the filters `with_phone_link` and `dialled`.

    The one is for texts that hold the number, the other for any number in a text of `templates/content/`.
    """
    country = support.holidays.partition("-")[0] or "FR"
    uri = tel_uri(support.phone, country)
    shown = typeset(support.phone, "fr")
    link = Markup('<a href="{}">{}</a>').format(uri, shown) if uri else escape(shown)
    # The spaces of a number may have become no-break spaces.
    words = r"\s+".join(re.escape(str(escape(word))) for word in support.phone.split())
    found = re.compile(rf"(?P<kept>{_TAGS})|(?<!\d){words}(?!\d)", re.DOTALL)

    def with_phone_link(text: str) -> Markup:
        """Return `text` as HTML with the number as a link. Markup stays as it is; everything else is escaped."""
        return Markup(found.sub(lambda match: match["kept"] or link, str(escape(text))))  # noqa: S704 - escaped

    app.jinja_env.globals["phone_link"] = link
    app.jinja_env.filters["with_phone_link"] = with_phone_link
    app.jinja_env.filters["dialled"] = partial(_in_markdown, country=country)


def _in_markdown(phone: str, country: str) -> str:
    """Return `phone` as a link in Markdown; as it is if it holds no number."""
    uri = tel_uri(phone, country)
    return f"[{phone}]({uri})" if uri else phone
