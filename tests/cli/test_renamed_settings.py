"""Former names of settings: refused, with the present name, in the file and in the environment."""

from __future__ import annotations

import pytest

from gateway.settings import Settings
from gateway.settings.loader import SettingsError, load
from gateway.settings.renamed import KEYS, SECTIONS, present_name


def faults_of(path):
    with pytest.raises(SettingsError) as refused:
        load(path)
    return {fault.key: fault.message for fault in refused.value.problems}


class TestRenamedSettings:
    @pytest.mark.parametrize("former, present", KEYS.items())
    def test_when_the_file_has_a_former_key_then_the_present_one_is_named(self, tmp_path, former, present):
        section, _, key = former.partition(".")
        file = tmp_path / "mamia.toml"
        file.write_text(f'[{section}]\n{key} = "1"\n')

        assert faults_of(file)[former] == f"was renamed: write {present}"

    @pytest.mark.parametrize("former, present", SECTIONS.items())
    def test_when_the_file_has_a_former_section_then_the_present_one_is_named(self, tmp_path, former, present):
        file = tmp_path / "mamia.toml"
        file.write_text(f"[{former}]\n")

        assert f"write [{present}]" in faults_of(file)[former]

    def test_when_keys_of_a_former_section_were_renamed_too_then_they_are_named(self, tmp_path):
        file = tmp_path / "mamia.toml"
        file.write_text('[second_proof]\nways = ["mail"]\n')

        assert "methods for ways" in faults_of(file)["second_proof"]

    @pytest.mark.parametrize("former", ["throttle.store", "second_proof.hook_token", "web.host", "password.sign"])
    def test_when_a_variable_has_a_former_name_then_the_present_one_is_named(self, tmp_path, monkeypatch, former):
        variable = f"MAMIA_{former.replace('.', '__')}".upper()
        monkeypatch.setenv(variable, "1")
        file = tmp_path / "mamia.toml"
        file.write_text("")

        present = f"MAMIA_{present_name(former).replace('.', '__')}".upper()

        assert faults_of(file)[variable] == f"was renamed: write {present}"

    @pytest.mark.parametrize("present", [*KEYS.values(), *SECTIONS.values()])
    def test_when_a_present_name_is_given_then_there_is_such_a_setting(self, present):
        section, _, key = present.partition(".")

        assert section in Settings.model_fields
        model = Settings.model_fields[section].annotation
        assert model
        assert not key or key in model.model_fields
