"""How often the browser's bar and the server's verdict agree, over passwords of many kinds; and what a verdict costs.

The bar runs in Chromium, the verdict in the process that serves; both run the same scripts.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time

from playwright.sync_api import sync_playwright
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from gateway.account.model import Secret
from gateway.protection.strength import FOLDER, LISTS, SCRIPTS, Strength
from tests.bench.figures import record

COUNT = 2000
LEAST = 80
MAX_MILLISECONDS = 100


def main() -> None:
    passwords = sample(COUNT)
    strength = Strength()
    strength(Secret("to load it"), "")
    verdicts, times = [], []
    for password in passwords:
        started = time.process_time()
        verdicts.append(strength(Secret(password), ""))
        times.append(1000 * (time.process_time() - started))
    bars = in_chromium(passwords)
    same = sum(bar == verdict for bar, verdict in zip(bars, verdicts, strict=True))
    same_side = sum((bar >= LEAST) == (verdict >= LEAST) for bar, verdict in zip(bars, verdicts, strict=True))
    record(f"strength: bar and server give the same percentage, of {COUNT}", 100 * same / COUNT, "%", at_least=100)
    record(f"strength: same side of {LEAST} %", 100 * same_side / COUNT, "%", at_least=100)
    record("strength: processor time of a verdict", times, "ms", at_most=MAX_MILLISECONDS)
    sys.exit(0 if same == COUNT and statistics.median(times) < MAX_MILLISECONDS else 1)


def sample(count: int) -> list[str]:
    """Common ones, words with years and signs, phrases, and random ones; always the same."""
    chance = random.Random(1)
    common = FREQUENCY_LISTS["passwords"]
    words = [word for name in ("us_tv_and_film", "female_names", "surnames") for word in FREQUENCY_LISTS[name][:5000]]
    signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-!?@éèàç "
    kinds = (
        lambda: chance.choice(common),
        lambda: f"{chance.choice(words).title()}{chance.choice('-_!?.')}{chance.randint(1950, 2030)}",
        lambda: " ".join(chance.choices(words, k=chance.randint(2, 4))),
        lambda: "".join(chance.choices(signs, k=chance.randint(6, 20))),
    )
    return [kinds[number % len(kinds)]() for number in range(count)]


def in_chromium(passwords: list[str]) -> list[int]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        for script in SCRIPTS:
            page.add_script_tag(path=FOLDER / script)
        bars: list[int] = page.evaluate(
            "([lists, all]) => { const judge = strengthEstimator(lists); return all.map(one => judge(one, '')); }",
            [json.loads((FOLDER / LISTS).read_text()), passwords],
        )
        browser.close()
    return bars


if __name__ == "__main__":
    main()
