"""How benchmarks count processor time and write their tables; what they measure is in tests/bench."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.comparison import HEADER, Row
from tests.bench.cpu import spent, usage
from tests.bench.figures import BEGIN, END, with_sections
from tests.bench.rounds import Load, Round

BURN = "import time\nwhile time.process_time() < {}: pass"
DOCUMENT = f"""# Benchmarks
{BEGIN}
### memory
Measured before.

| what |

### services
Old.
{END}
## Notes
"""


class TestProcessorTime:
    def test_when_a_descendant_has_ended_then_its_time_still_counts(self):
        parent = subprocess.Popen(
            [sys.executable, "-c", "import subprocess, sys\nsubprocess.run(sys.argv[1:])\nprint(flush=True)\ninput()",
             sys.executable, "-c", BURN.format(0.3)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert parent.stdin
        assert parent.stdout
        before = usage({"parent": parent.pid})

        parent.stdout.readline()
        used = spent(before, usage({"parent": parent.pid}))

        parent.communicate()
        assert used.of["parent"] >= 0.25

    def test_when_it_is_our_own_then_it_does_not_count_as_others(self):
        before = usage({})

        subprocess.run([sys.executable, "-c", BURN.format(0.5)], check=True)
        after = usage({})

        used, machine = spent(before, after), after.machine - before.machine
        assert machine >= 0.4
        assert used.others * used.seconds <= machine - 0.4


class TestRow:
    def test_when_nothing_was_measured_then_the_row_says_so(self):
        assert dict(zip(HEADER, Row.of("change", "peer", []).cells(), strict=True))["a second"] == "not measured"

    def test_when_there_are_rounds_then_medians_and_spreads_are_told(self):
        rounds = [Round(Load(done, 2.0, 1, 2, 3), {"web": done / 100}, 0.1) for done in (100, 200, 6000)]

        cells = dict(zip(HEADER, Row.of("change", "this", rounds).cells(), strict=True))

        assert cells["a second"] == "100 [50 to 3,000]"
        assert cells["processor time per operation, ms"] == "web 2 [1 to 60]"

    def test_when_it_was_kept_as_json_then_it_is_the_same_again(self):
        row = Row.of("change", "this", [Round(Load(10, 2.0, 1, 2, 3), {"web": 4.0}, 0.1)])

        assert Row.of_json(row.to_json()) == row


class TestDocument:
    def test_when_one_program_was_measured_then_the_sections_of_others_stay(self):
        written = with_sections(DOCUMENT, {"services": "New.", "pages": "Also new."})

        assert "### memory\nMeasured before.\n\n| what |\n" in written
        assert "### services\nNew.\n" in written
        assert "### pages\nAlso new.\n" in written
        assert "Old." not in written
        assert written.endswith(f"{END}\n## Notes\n")
