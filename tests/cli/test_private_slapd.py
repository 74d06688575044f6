"""The private slapd's folder: made, refused, explained."""

from __future__ import annotations

import pytest

from gateway.demo import private_slapd
from gateway.demo.private_slapd import PrivateSlapd, SlapdFailed
from tests.support.ports import free_port


@pytest.fixture
def slapd_in(request):
    """Gives a server for a folder, and stops it."""

    def make(state):
        slapd = PrivateSlapd(state, free_port(), max_size=1 << 26)
        request.addfinalizer(slapd.stop)
        return slapd

    return make


class TestCreation:
    @pytest.mark.parametrize("name", ["letter.txt", "config/app.toml", "data/photos/cat.png", ".profile"])
    def test_when_the_folder_is_somebodys_own_then_it_is_refused_and_nothing_is_lost(self, slapd_in, tmp_path, name):
        mine = tmp_path / "mine" / name
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")

        with pytest.raises(SlapdFailed, match="choose an empty folder"):
            slapd_in(tmp_path / "mine").create(with_sample_staff=False)

        assert mine.read_text() == "mine"

    def test_when_a_file_has_that_name_then_it_is_refused(self, slapd_in, tmp_path):
        (tmp_path / "state").write_text("mine")

        with pytest.raises(SlapdFailed, match="not a folder"):
            slapd_in(tmp_path / "state").create(with_sample_staff=False)

    def test_when_the_last_one_was_interrupted_then_it_is_made_anew(self, slapd_in, tmp_path):
        slapd = slapd_in(tmp_path / "state")
        slapd.create(with_sample_staff=False)
        (slapd.state / "made-from").unlink()
        assert not slapd.exists

        slapd.create(with_sample_staff=False)

        assert slapd.exists

    def test_when_the_folders_name_has_a_blank_then_it_serves(self, slapd_in, tmp_path):
        slapd = slapd_in(tmp_path / "Mes projets à moi" / "state")

        slapd.create(with_sample_staff=False)
        slapd.start()

        assert slapd.is_running

    def test_when_slapd_refuses_an_entry_of_the_files_then_the_entry_and_the_reason_are_reported(
        self, slapd_in, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(private_slapd, "DATA_FILES", ["50-base-tree.ldif", "50-base-tree.ldif"])

        with pytest.raises(SlapdFailed, match=r'adding new entry "dc=ac-example,dc=fr" .*Already exists'):
            slapd_in(tmp_path / "state").create(with_sample_staff=False)


class TestStart:
    def test_when_the_data_are_spoilt_then_slapds_own_reason_is_reported(self, slapd_in, tmp_path):
        slapd = slapd_in(tmp_path / "state")
        slapd.create(with_sample_staff=False)
        (slapd.state / "data" / "data.mdb").write_bytes(b"spoilt" * 1000)

        with pytest.raises(SlapdFailed, match="MDB_INVALID"):
            slapd.start()
