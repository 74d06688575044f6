"""Writes docs/accessibility.md from the self-audit (`make rgaa`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.web.rgaa import Criterion, SelfAudit, Status, self_audit

PAGE = Path(__file__).parents[2] / "docs" / "accessibility.md"
HEAD = """# Accessibility
<!-- `make rgaa` writes this page from gateway/web/rgaa.toml; a test keeps it current. -->

These pages are for everybody, so they are checked by the French standard RGAA 4.1, which contains WCAG 2.1 A and AA.
This page is the self-audit: each of its 106 criteria, with the state of all pages and the proof. The page
*Déclaration d’accessibilité* of the service takes its figures from the same file.

| status | meaning | criteria |
|---|---|---|
{counts}

**{percent} %** of the criteria that apply are met. What counts as not met needs a person:

{missing}

## How it was checked
The tests in `tests/chromium/rgaa` open every page and state in French and English with Chromium: the reading pages,
each form with its errors, each step of a reset, the result, the refusals, and the forms without JavaScript with
picture and sound. They look at the page as its scripts left it, press Tab around it, and change window, letters and
spacing. `tests/chromium/test_every_state.py` adds axe-core, light and dark. html-validate judges the source. What a
program cannot decide (is a text relevant?) was read in both languages.

A change of a page that breaks a criterion fails `make test`. Whoever changes a page in a way that no test sees
corrects the line here, in `gateway/web/rgaa.toml`, and `checked_on`.

## What remains for the academy
- An audit by a person, with screen readers. Until it is made, the law counts the site as not compliant, and the
  footer says so. `accessibility.audited_on`, `accessibility.audited_by` and `accessibility.percent` record it: the
  state, the statement and the footer follow, for three years.
- `accessibility.plan_url` and `accessibility.actions_url`: the plans that the law asks for.
- Your own texts, logo and colour: read them with this list.
- The statement is also filed with the ministry's online service.

## Criteria
The numbers are those of [RGAA 4.1](https://accessibilite.numerique.gouv.fr/methode/criteres-et-tests/) (Direction
interministérielle du numérique, Licence Ouverte 2.0), which has the exact wording. C: met, NC: not met, NA: not
applicable.
"""
TOPICS = (
    "Images",
    "Frames",
    "Colours",
    "Multimedia",
    "Tables",
    "Links",
    "Scripts",
    "Mandatory elements",
    "Structure",
    "Presentation",
    "Forms",
    "Navigation",
    "Consultation",
)
MEANINGS = {
    Status.MET: "met on all pages",
    Status.NOT_MET: "not met, or only a person can judge it",
    Status.NOT_APPLICABLE: "not applicable: no page has what it is about",
}


def page() -> str:
    """The text that the page must have."""
    audit = self_audit()
    counts = "\n".join(f"| {status} | {MEANINGS[status]} | {audit.count(status)} |" for status in Status)
    missing = "\n".join(f"- {one.number}: {one.missing['en']}" for one in audit.not_met if one.missing)
    head = HEAD.format(counts=counts, percent=audit.percent, missing=missing)
    return head + "\n".join(_topics(audit)).rstrip() + "\n"


def _topics(audit: SelfAudit) -> Iterator[str]:
    for number, topic in enumerate(TOPICS, start=1):
        yield f"\n### {number}. {topic}\n"
        yield "| criterion | it asks for | status | what was found | proof |"
        yield "|---|---|---|---|---|"
        yield from (_row(one) for one in audit.criteria if one.number.startswith(f"{number}."))


def _row(criterion: Criterion) -> str:
    proof = "<br>".join(f"`{name(test)}`" for test in criterion.tests) or "manual check"
    return f"| {criterion.number} | {criterion.about} | {criterion.status} | {criterion.reason} | {proof} |"


def name(test: str) -> str:
    """A test without its folder: "TestImages.test_…", or its file."""
    file, *parts = test.split("::")
    return ".".join(parts) or file.rpartition("/")[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.exit(0)
