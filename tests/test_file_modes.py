"""What our processes write beside the audit is for their owner alone, also where the umask would let others in."""

from __future__ import annotations

import os
import stat
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.capture.systemd import bind_socket
from gateway.notifications.spool import Spool
from gateway.protection.seal import make_key_pair
from gateway.settings import Notifications


@pytest.fixture(autouse=True)
def no_umask():
    former = os.umask(0)
    yield
    os.umask(former)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


class TestSpool:
    def test_when_it_holds_a_mail_then_no_other_user_can_get_at_it(self, tmp_path):
        spool = Spool(Notifications(smtp_host=""), tmp_path / "mails")
        spool.enqueue(EmailMessage())

        folders = [spool.folder, *(folder for folder in spool.folder.iterdir() if folder.is_dir())]
        assert len(folders) == 4
        assert {mode(folder) for folder in folders} == {"0o700"}

    @pytest.mark.parametrize("there", [[], ["cur"], ["tmp", "new"]])
    def test_when_its_folder_is_no_whole_maildir_then_it_becomes_one(self, tmp_path, there):
        for part in there:
            (tmp_path / "mails" / part).mkdir(parents=True)
        (tmp_path / "mails").mkdir(exist_ok=True)

        Spool(Notifications(smtp_host=""), tmp_path / "mails").enqueue(EmailMessage())

        assert len(list((tmp_path / "mails" / "new").iterdir())) == 1

    def test_when_its_folder_was_open_to_others_then_it_is_closed(self, tmp_path):
        (tmp_path / "mails").mkdir(mode=0o777)

        Spool(Notifications(smtp_host=""), tmp_path / "mails")

        assert mode(tmp_path / "mails") == "0o700"


class TestKeys:
    def test_when_they_are_made_then_the_private_one_is_its_owners_alone(self, tmp_path):
        make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")

        assert mode(tmp_path / "worker.key") == "0o600"


class TestSocketOfTheListener:
    def test_when_it_is_made_then_its_owner_and_group_alone_may_connect(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with bind_socket(Path("s")):
            assert mode(Path("s")) == "0o660"
