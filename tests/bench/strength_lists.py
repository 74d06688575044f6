"""How often cut word lists judge as the full ones do, by their size: python -m tests.bench.strength_lists

The same words for the strength (very weak to very good) count as agreement. EACH=100 passwords of each kind, always
the same: a frequent word is chosen more often, as people do (the probability falls with the rank).
"""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from faker.providers.person.fr_FR import Provider
from playwright.sync_api import Page, sync_playwright
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from gateway.protection.strength import FOLDER, SCRIPTS
from tests.bench.figures import record

EACH = int(os.environ.get("EACH", "100"))
SIZES = (1000, 2000, 4000, 6000, 7000, 8000, 16000)
"""Words of each list that is ordered by frequency."""
SHIPPED = 7000
BUILD = Path(__file__).parents[2] / "gateway" / "web" / "wordlists" / "build.mjs"
BANDS = (40, 60, 80, 100)
LEAST = 80
FIRST = sorted({*map(str, Provider.first_names_female), *map(str, Provider.first_names_male)})
LAST = sorted(map(str, Provider.last_names))
SIGNS = "!?.-_*@#$+&"
DISGUISE = str.maketrans("aeiost", "@3!0$7")
ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn", "1234567890", "qwertyuiop", "147258369", "1q2w3e4r", "azeqsd")
ANY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-!?@éèàç "
WORDS = """const {dictionary: fr} = require("@zxcvbn-ts/language-fr");
const {dictionary: all} = require("@zxcvbn-ts/language-common");
console.log(JSON.stringify([fr["commonWords-fr"], fr["wikipedia-fr"], all["diceware-common"]]))"""

Lists = tuple[list[str], list[str], list[str]]


def main() -> None:
    passwords = sample(random.Random(21), word_lists())
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        for script in SCRIPTS:
            page.add_script_tag(path=FOLDER / script)
        full, _ = judged(page, Path(name), passwords, "--whole")
        for size in SIZES:
            cut, kilobytes = judged(page, Path(name), passwords, "--most", str(size))
            aim = 95 if size == SHIPPED else None
            name_of = f"strength lists, {size} of each: "
            record(name_of + "size", kilobytes, "kB")
            record(name_of + "agreement with the full lists", agreement(full, cut), "%", at_least=aim)
            record(name_of + f"same side of {LEAST} %", same_side(full, cut), "%")
            for kind in passwords:
                print(f"    {kind}: {agreement({kind: full[kind]}, {kind: cut[kind]}):.0f} %", flush=True)
        browser.close()


def word_lists() -> Lists:
    done = subprocess.run(["node", "-e", WORDS], check=True, capture_output=True, text=True)
    common, encyclopedia, diceware = json.loads(done.stdout)
    return [one for one in common if len(one) > 3], [one for one in encyclopedia if len(one) > 3], diceware


def sample(chance: random.Random, lists: Lists) -> dict[str, list[str]]:
    """Passwords of each kind."""
    common, encyclopedia, diceware = lists
    frequent = FREQUENCY_LISTS["passwords"]

    def often(words: Sequence[str]) -> str:
        return words[int(math.exp(chance.random() * math.log(len(words)))) - 1]

    def word() -> str:
        return often(chance.choice((common, encyclopedia)))

    def dressed(text: str) -> str:
        year, sign, number = str(chance.randint(1950, 2027)), chance.choice(SIGNS), str(chance.randint(0, 99))
        start = text.title() if chance.random() < 0.7 else text
        return start + chance.choice((year, number + sign, sign + year, number, year + sign))

    def disguised(text: str) -> str:
        return "".join(char.translate(DISGUISE) if chance.random() < 0.6 else char for char in text)

    def walk() -> str:
        return "".join(chance.choice(ROWS)[: chance.randint(4, 10)] for _ in range(chance.randint(1, 2)))

    def date() -> str:
        form = chance.choice(("{:02}{:02}{}", "{:02}/{:02}/{}", "{}-{}-{}"))
        return form.format(chance.randint(1, 28), chance.randint(1, 12), chance.randint(1950, 2027))

    kinds: dict[str, Callable[[], str]] = {
        "frequent passwords": lambda: often(frequent),
        "a word": word,
        "a word with year or sign": lambda: dressed(word()),
        "a name with year or sign": lambda: dressed(chance.choice(FIRST + LAST)),
        "two names": lambda: chance.choice(FIRST) + chance.choice(("", "-", ".")) + chance.choice(LAST),
        "l33t": lambda: dressed(disguised(chance.choice((word(), often(frequent))))),
        "keys in a row": walk,
        "a date": date,
        "random": lambda: "".join(chance.choices(ANY, k=chance.randint(6, 16))),
        "two to five words": lambda: chance.choice(" -.").join(word() for _ in range(chance.randint(2, 5))),
        "diceware": lambda: chance.choice(" -.").join(chance.choices(diceware, k=chance.randint(2, 5))),
    }
    return {kind: [make() for _ in range(EACH)] for kind, make in kinds.items()}


def judged(
    page: Page, folder: Path, passwords: dict[str, list[str]], *options: str
) -> tuple[dict[str, list[int]], float]:
    """The percentages with lists of these options, and the size of the lists, compressed, in kB."""
    file = folder / "lists.json"
    subprocess.run(["node", str(BUILD), str(file), *options], check=True)
    page.evaluate("lists => { window.judge = strengthEstimator(JSON.parse(lists)) }", file.read_text())
    found = page.evaluate(
        "all => Object.fromEntries(Object.entries(all)"
        ".map(([kind, some]) => [kind, some.map(one => judge(one, ''))]))",
        passwords,
    )
    return found, len(gzip.compress(file.read_bytes())) / 1000


def agreement(full: dict[str, list[int]], cut: dict[str, list[int]]) -> float:
    """Percent of passwords that get the same words."""
    return share(full, cut, lambda percent: sum(percent >= band for band in BANDS))


def same_side(full: dict[str, list[int]], cut: dict[str, list[int]]) -> float:
    return share(full, cut, lambda percent: percent >= LEAST)


def share(full: dict[str, list[int]], cut: dict[str, list[int]], verdict: Callable[[int], int]) -> float:
    pairs = [pair for kind in full for pair in zip(full[kind], cut[kind], strict=True)]
    return 100 * sum(verdict(one) == verdict(other) for one, other in pairs) / len(pairs)


if __name__ == "__main__":
    main()
