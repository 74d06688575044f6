"""`mamia people sample`: what it writes, and how it refuses."""

import argparse
import base64
import hashlib
import itertools
import os
import re
import resource
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from gateway.account.login_generation import login_stem, mail_stem
from gateway.cli.parsers import people
from gateway.demo import sample_staff
from gateway.demo.sample_ldif import line
from gateway.demo.sample_model import SAMPLE_PASSWORD
from gateway.demo.sample_staff import REFERENCE_DAY
from tests.support.matching import first_match

REPOSITORY = Path(people.__file__).parents[3]
COMMAND = """
import argparse, sys
from gateway.cli.parsers import people
parser = argparse.ArgumentParser()
people.add_parser(parser.add_subparsers())
arguments = parser.parse_args(sys.argv[1:])
sys.exit(arguments.run(arguments))
"""


def sample(*options: str) -> int:
    """The exit code of `mamia people sample` with `options`."""
    parser = argparse.ArgumentParser()
    people.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["people", "sample", *options])
    status: int = arguments.run(arguments)
    return status


def start(*options: str, **more) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COMMAND, "people", "sample", *options]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, **more)


def read_ldif(text: bytes) -> list[dict[str, list[str]]]:
    """RFC 2849 without folding: each entry as attribute → values, `dn` among them."""
    entries = []
    for block in text.decode("ascii").strip("\n").split("\n\n"):
        entry: dict[str, list[str]] = {}
        for one in block.split("\n"):
            name, colons, value = first_match(r"\A([A-Za-z]+)(::?) (.*)\Z", one).groups()
            entry.setdefault(name, []).append(base64.b64decode(value).decode() if colons == "::" else value)
        entries.append(entry)
    return entries


def opens(entry: dict[str, list[str]], password: str) -> bool:
    raw = base64.b64decode(entry["userPassword"][0].removeprefix("{SSHA}"))
    return hashlib.sha1(password.encode() + raw[20:]).digest() == raw[:20]


def age(birth_date: str) -> int:
    born = date(int(birth_date[:4]), int(birth_date[4:6]), int(birth_date[6:]))
    birthday_to_come = (born.month, born.day) > (REFERENCE_DAY.month, REFERENCE_DAY.day)
    return REFERENCE_DAY.year - born.year - birthday_to_come


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("sample") / "staff.ldif"
    assert sample("--count", "20000", "--seed", "7", "--output", str(file)) == 0
    return file.read_bytes()


@pytest.fixture(scope="module")
def staff(text) -> list[dict[str, list[str]]]:
    return read_ldif(text)


class TestLine:
    @pytest.mark.parametrize(
        "value", ["é", " space before", "space after ", ":colon", "<less", "new\nline", "nul\0", "re\rturn"]
    )
    def test_when_ldif_does_not_allow_the_value_in_plain_text_then_it_is_base64(self, value):
        assert line("sn", value) == f"sn:: {base64.b64encode(value.encode()).decode()}\n"

    @pytest.mark.parametrize("value", ["Martin", "d'Aubert", "a:b <c", "{SSHA}abc=="])
    def test_when_ldif_allows_the_value_then_it_stays_readable(self, value):
        assert line("sn", value) == f"sn: {value}\n"


class TestSample:
    # What one entry is.
    def test_when_it_is_read_then_every_entry_is_a_mamia_person_under_people(self, staff):
        assert len(staff) == 20_000
        for entry in staff:
            assert entry["dn"] == [f"uid={entry['uid'][0]},ou=people,dc=ac-example,dc=fr"]
            assert entry["objectClass"] == ["inetOrgPerson", "mamiaPerson"]
            assert entry["cn"] == entry["displayName"] == [f"{entry['givenName'][0]} {entry['sn'][0]}"]

    def test_when_it_is_read_then_no_attribute_has_two_values_but_the_object_class(self, staff):
        assert all(len(values) == 1 for entry in staff for name, values in entry.items() if name != "objectClass")

    @pytest.mark.parametrize("attribute", ["uid", "mail", "numen", "temporaryAgentNumber"])
    def test_when_it_has_20000_people_then_no_two_share_a_value_that_identifies(self, staff, attribute):
        values = [entry[attribute][0] for entry in staff if attribute in entry]

        assert len(values) == len({value.lower() for value in values})

    def test_when_homonyms_come_then_logins_and_addresses_are_numbered_without_a_gap(self, staff):
        logins: Counter[str] = Counter()
        mails: Counter[str] = Counter()
        for entry in staff:
            given_name, surname = entry["givenName"][0], entry["sn"][0]
            stem = login_stem(given_name, surname)
            logins[stem] += 1
            assert entry["uid"] == [stem if logins[stem] == 1 else f"{stem}{logins[stem]}"]
            if "mail" in entry:
                stem = mail_stem(given_name, surname)
                mails[stem] += 1
                assert entry["mail"] == [f"{stem if mails[stem] == 1 else f'{stem}{mails[stem]}'}@ac-example.fr"]
        assert logins.most_common(1)[0][1] > 5
        assert mails.most_common(1)[0][1] > 1

    def test_when_somebody_has_a_numen_then_it_has_its_form_and_there_is_no_temporary_number(self, staff):
        for entry in staff:
            assert ("numen" in entry) != ("temporaryAgentNumber" in entry)
            if "numen" in entry:
                assert re.fullmatch(r"\d\d[A-Z]\d{7}[A-Z]{3}", entry["numen"][0])
            else:
                assert re.fullmatch(r"T\d{7}", entry["temporaryAgentNumber"][0])
                assert entry["employeeType"] == ["contractuel"]

    def test_when_the_password_is_the_initial_one_then_it_must_be_changed(self, staff):
        for entry in staff[:3000]:
            initial = entry.get("numen", entry.get("temporaryAgentNumber"))[0]
            if entry.get("pwdReset") == ["TRUE"]:
                assert opens(entry, initial)
            else:
                assert "pwdReset" not in entry
                assert opens(entry, SAMPLE_PASSWORD)

    def test_when_two_people_have_one_password_then_their_hashes_differ(self, staff):
        assert len({entry["userPassword"][0] for entry in staff}) == len(staff)

    def test_when_people_are_born_then_they_are_20_to_67_years_old(self, staff):
        ages = {age(entry["birthDate"][0]) for entry in staff}

        assert ages == set(range(20, 68))

    def test_when_a_birth_name_is_given_then_it_is_another_than_the_married_name(self, staff):
        assert all(entry["patronymicName"] != entry["sn"] for entry in staff if "patronymicName" in entry)

    def test_when_somebody_works_elsewhere_then_the_establishment_code_has_its_check_letter(self, staff):
        codes = {entry["departmentNumber"][0] for entry in staff} - {"rectorat"}

        assert len(codes) > 500
        for code in codes:
            assert re.fullmatch(r"\d{7}[A-Z]", code)
            assert code[7] == "ABCDEFGHJKLMNPRSTUVWXYZ"[int(code[:7]) % 23]

    # How often.
    @pytest.mark.parametrize(
        ("feature", "share"),
        [
            (lambda entry: "mail" not in entry, 0.02),
            (lambda entry: "temporaryAgentNumber" in entry, 0.05),
            (lambda entry: "pwdReset" in entry, 0.1),
            (lambda entry: entry["departmentNumber"] == ["rectorat"], 0.05),
            (lambda entry: "patronymicName" in entry, 0.28),  # 40 % of the women, who are 70 %
            (lambda entry: "-" in entry["givenName"][0], 0.07),
            (lambda entry: " " in entry["sn"][0], 0.035),
        ],
        ids=["no-mail", "temporary", "initial", "rectorat", "birth-name", "double-given-name", "particle"],
    )
    def test_when_it_is_large_then_each_peculiarity_has_its_share(self, staff, feature, share):
        assert sum(map(feature, staff)) / len(staff) == pytest.approx(share, rel=0.2)

    def test_when_it_is_large_then_apostrophes_accents_and_full_homonyms_occur(self, staff):
        surnames = {entry["sn"][0] for entry in staff}
        full_names = Counter(entry["cn"][0] for entry in staff)

        assert any("'" in name for name in surnames)
        assert any("-" in name for name in surnames)
        assert any(not name.isascii() for name in surnames)
        assert 0.01 < sum(number for number in full_names.values() if number > 1) / len(staff) < 0.1

    @pytest.mark.parametrize(("share", "expected"), [("0", 0), ("1", 300)])
    def test_when_the_rectorat_share_is_none_or_all_then_nobody_or_everybody_works_there(
        self, capsysbinary, share, expected
    ):
        sample("--count", "300", "--seed", "1", "--rectorat-share", share)

        at_work = [entry["departmentNumber"] for entry in read_ldif(capsysbinary.readouterr().out)]
        assert at_work.count(["rectorat"]) == expected

    # Which bytes.
    def test_when_the_seed_is_the_same_then_the_bytes_are_whatever_the_hash_seed(self, text):
        for hash_seed in ("0", "4711"):
            run = start(
                "--count", "20000", "--seed", "7",
                stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": hash_seed},
            )  # fmt: skip
            written, complaint = run.communicate()
            assert (run.returncode, complaint) == (0, b"")
            assert written == text

    def test_when_the_seed_differs_then_so_do_the_people(self, capsysbinary):
        sample("--count", "50", "--seed", "1")
        one = read_ldif(capsysbinary.readouterr().out)
        sample("--count", "50", "--seed", "2")
        other = read_ldif(capsysbinary.readouterr().out)

        assert not {entry["numen"][0] for entry in one if "numen" in entry} & {
            entry["numen"][0] for entry in other if "numen" in entry
        }

    def test_when_more_people_are_asked_for_then_the_first_stay_the_same(self, capsysbinary, text):
        sample("--count", "100", "--seed", "7")

        assert text.startswith(capsysbinary.readouterr().out)

    def test_when_suffix_and_domain_are_given_then_entries_bear_them(self, capsysbinary):
        sample("--count", "20", "--seed", "1", "--suffix", "o=Académie,c=fr", "--mail-domain", "ac-lille.fr")

        entries = read_ldif(capsysbinary.readouterr().out)
        assert {entry["dn"][0].split(",", 1)[1] for entry in entries} == {"ou=people,o=Académie,c=fr"}
        assert {entry["mail"][0].split("@")[1] for entry in entries if "mail" in entry} == {"ac-lille.fr"}

    # What is refused.


class TestSampleFile:
    @pytest.mark.parametrize(
        ("option", "value", "hint"),
        [
            ("--count", "0", "give a number from 1"),
            ("--count", "-5", "give a number from 1"),
            ("--count", "1000000000", "give a number from 1 to 100000000"),
            ("--count", "1.5e3", "give digits"),
            ("--count", "many", "give digits"),
            ("--seed", "-1", "give 0 or"),
            ("--seed", "x", "give digits"),
            ("--rectorat-share", "1.01", "give a number from 0 to 1"),
            ("--rectorat-share", "-0.1", "give a number from 0 to 1"),
            ("--rectorat-share", "nan", "give a number from 0 to 1"),
            ("--rectorat-share", "5 %", "give a number from 0 to 1"),
            ("--suffix", "ac-example.fr", "give one like dc=ac-example,dc=fr"),
            ("--suffix", "dc=fr\nuserPassword: x", "give one like dc=ac-example,dc=fr"),
            ("--suffix", "dc=fr ", "give one like dc=ac-example,dc=fr"),
            ("--mail-domain", "staff@ac-example.fr", "give one like ac-example.fr"),
            ("--mail-domain", "académie.fr", "give one like ac-example.fr"),
        ],
    )
    def test_when_an_argument_is_wrong_then_it_is_named_with_the_remedy(self, capsys, option, value, hint):
        given = {"--count": "10", "--seed": "1", option: value}

        with pytest.raises(SystemExit) as end:
            sample(*(f"{name}={text}" for name, text in given.items()))

        assert end.value.code == 2
        written, complaint = capsys.readouterr()
        assert written == ""
        assert f"argument {option}: " in complaint
        assert hint in complaint

    def test_when_the_output_exists_then_it_is_left_as_it_was(self, tmp_path, capsys):
        file = tmp_path / "staff.ldif"
        file.write_text("dear to somebody")

        assert sample("--count", "10", "--seed", "1", "--output", str(file)) == 2

        assert file.read_text() == "dear to somebody"
        assert f"{file} exists already: delete it, or name another file" in capsys.readouterr().err

    def test_when_another_run_is_writing_then_its_part_is_left_alone(self, tmp_path, capsys):
        part = tmp_path / "staff.ldif.part"
        part.write_text("half")

        assert sample("--count", "10", "--seed", "1", "--output", str(tmp_path / "staff.ldif")) == 2

        assert part.read_text() == "half"
        assert "another run may be writing it" in capsys.readouterr().err

    @pytest.mark.parametrize("folder", ["missing", "a-file"])
    def test_when_the_folder_can_not_hold_the_output_then_the_reason_is_reported(self, tmp_path, capsys, folder):
        (tmp_path / "a-file").touch()
        file = tmp_path / folder / "staff.ldif"

        assert sample("--count", "10", "--seed", "1", "--output", str(file)) == 2

        complaint = capsys.readouterr().err
        assert str(file) in complaint
        assert "write elsewhere: --output FILE" in complaint

    def test_when_it_is_interrupted_then_nothing_half_written_is_left(self, tmp_path, monkeypatch):
        def interrupted(staff):
            yield from itertools.islice(members(staff), 5)
            raise KeyboardInterrupt

        members = sample_staff.members
        monkeypatch.setattr(sample_staff, "members", interrupted)

        with pytest.raises(KeyboardInterrupt):
            sample("--count", "10", "--seed", "1", "--output", str(tmp_path / "staff.ldif"))

        assert list(tmp_path.iterdir()) == []

    def test_when_the_file_can_not_grow_then_nothing_half_written_is_left(self, tmp_path):
        file = tmp_path / "staff.ldif"
        # As on a full disk: the write fails in the middle.
        run = start(
            "--count", "20000", "--seed", "1", "--output", str(file),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        )  # fmt: skip
        _, complaint = run.communicate()

        assert run.returncode == 2
        assert complaint.decode().strip() == (
            f"mamia people sample: {file}: File too large; write elsewhere: --output FILE"
        )
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
    def test_when_the_disk_is_full_then_it_says_so_and_nothing_else(self):
        with open("/dev/full", "wb") as full:
            run = start("--count", "10", "--seed", "1", stdout=full)
            _, complaint = run.communicate()

        assert run.returncode == 2
        assert complaint.decode().strip() == (
            "mamia people sample: standard output: No space left on device; write elsewhere: --output FILE"
        )

    def test_when_the_reader_has_seen_enough_then_it_ends_quietly(self):
        run = start("--count", "1000000", "--seed", "1", stdout=subprocess.PIPE)
        assert run.stdout
        assert run.stderr
        first = run.stdout.readline()
        run.stdout.close()
        complaint = run.stderr.read()
        run.stderr.close()

        assert first.startswith(b"dn: uid=")
        assert (run.wait(30), complaint) == (0, b"")
