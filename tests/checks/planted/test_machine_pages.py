"""Mistakes in what the pages say and ask, and of the machine itself."""

from __future__ import annotations

import sys

import pytest

from gateway.checks import system
from gateway.checks.academy import check_academy, check_captcha
from gateway.checks.finding import Level
from gateway.checks.system import check_system
from tests.support.planted_machine import open_folder
from tests.support.planted_mistakes import Mistake, prove
from tests.support.planted_site import PlantedSite


def academy(place):
    return check_academy(place.settings)


def captcha(place):
    return check_captcha(place.settings)


def machine(place):
    return check_system(place.settings)


def old_library(place):
    place.file("libraries/tqdm-4.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tqdm\nVersion: 4.0\n")
    place.environment.syspath_prepend(place.folder / "libraries")


def new_library(place):
    sys.path.remove(str(place.folder / "libraries"))


def few_files(place):
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    place.later(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, before))
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))


def more_files(place):
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def without_voice(place):
    """espeak-ng is there, and its data is not."""
    place.file("bin/espeak-ng", "#!/bin/sh\nexit 1\n", mode=0o755)
    place.environment.setenv("PATH", str(place.folder / "bin"))


MISTAKES = (
    Mistake(
        name="texts of the invented academy",
        plant=lambda place: (place.set("academy", mail_domain=None), place.set("support", phone=None)),
        level=Level.WARN,
        subject="academy",
        message=["academy.mail_domain, support.phone"],
        hint=["to those of your academy"],
        fix=lambda place: (
            place.set("academy", mail_domain="academie.test"),
            place.set("support", phone="03 80 00 00 00"),
        ),
        check=academy,
    ),
    Mistake(
        name="price of another kind of number",
        plant=lambda place: place.set("support", phone="0 806 00 00 00"),
        level=Level.WARN,
        subject="support.call_price",
        message=["0 806 00 00 00 is 'service_free'"],
        hint=['call_price = "service_free"'],
        fix=lambda place: place.set("support", call_price="service_free"),
        check=academy,
    ),
    Mistake(
        name="number with a surcharge",
        plant=lambda place: place.set("support", phone="0 892 00 00 00"),
        level=Level.WARN,
        subject="support.phone",
        message=["may not ask for"],
        hint=["a number without surcharge"],
        fix=lambda place: place.set("support", phone="03 80 00 00 00"),
        check=academy,
    ),
    Mistake(
        name="hours that end before they begin",
        plant=lambda place: place.set("support", openings=[{"days": ["mon"], "opens": "17:00", "closes": "08:30"}]),
        subject="support.openings",
        message=["ends before it begins"],
        hint=["opens before closes"],
        fix=lambda place: place.set("support", openings=[{"days": ["mon"], "opens": "08:30", "closes": "17:00"}]),
        check=academy,
    ),
    Mistake(
        name="no hours",
        plant=lambda place: place.set("support", openings=[]),
        level=Level.WARN,
        subject="support.openings",
        message=["show no hours"],
        hint=["set the hours"],
        fix=lambda place: place.set("support", openings=[{"days": ["mon"], "opens": "08:30", "closes": "17:00"}]),
        check=academy,
    ),
    Mistake(
        name="closed all the year",
        plant=lambda place: place.set("support", closures=[{"first": "01-01", "last": "12-31"}]),
        subject="support.closures",
        message=["leave no day"],
        hint=["first and last day of each closure"],
        fix=lambda place: place.set("support", closures=[{"first": "07-15", "last": "08-18"}]),
        check=academy,
    ),
    Mistake(
        name="espeak-ng missing",
        plant=lambda place: place.environment.setenv("PATH", str(place.made("bin"))),
        subject="captcha.methods",
        message=["espeak-ng is not installed"],
        hint=["apt install espeak-ng"],
        fix=lambda place: place.environment.undo(),
        check=captcha,
    ),
    Mistake(
        name="no voice",
        plant=without_voice,
        subject="captcha.methods",
        message=["has no voice fr-fr"],
        hint=["espeak-ng-data"],
        fix=lambda place: place.environment.undo(),
        check=captcha,
    ),
    Mistake(
        name="no way without perception",
        plant=lambda place: place.set("captcha", methods=["picture"]),
        level=Level.WARN,
        subject="captcha.methods",
        message=["WCAG"],
        hint=['add "automatic"'],
        fix=lambda place: place.set("captcha", methods=["picture", "automatic"]),
        check=captcha,
    ),
    Mistake(
        name="no challenge",
        plant=lambda place: place.set("captcha", required=[]),
        level=Level.WARN,
        subject="captcha.required",
        message=["scripts can use every form"],
        hint=['["reset", "change"]'],
        fix=lambda place: place.set("captcha", required=["reset", "change"]),
        check=captcha,
    ),
    Mistake(
        name="clock not synchronised",
        plant=lambda place: place.environment.setattr(system, "read_clock_status", lambda: system.UNSYNCHRONISED),
        level=Level.WARN,
        subject="clock",
        message=["not synchronised"],
        hint=["timedatectl set-ntp true"],
        fix=lambda place: place.environment.setattr(system, "read_clock_status", lambda: 0),
        check=machine,
    ),
    Mistake(
        name="old library",
        plant=old_library,
        subject="libraries",
        message=["tqdm is 4.0"],
        hint=["pip install --require-hashes -r locks/runtime.txt"],
        fix=new_library,
        check=machine,
    ),
    Mistake(
        name="few open files",
        plant=few_files,
        level=Level.WARN,
        subject="open files",
        message=["may open 512 files"],
        hint=["LimitNOFILE=4096"],
        fix=more_files,
        check=machine,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    site = PlantedSite(folder)
    site._good["captcha"] = {"required": ["reset", "change"]}
    site.restore()
    return site


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
