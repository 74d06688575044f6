"""The Debian package on systems that nobody booted: installed, upgraded, removed, purged, interrupted and refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.built_packages import built_package, with_version
from tests.support.chrooted_system import ChrootedSystem

pytestmark = pytest.mark.install

STATE_OF = "dpkg-query -W -f '${db:Status-Status} ${Version}' mamia"
LISTING = (
    r"find / -xdev -path /proc -prune -o -path /dev -prune -o -path /root -prune -o -printf '%p %M %u:%g\n' | sort"
)
"""Every file with its mode and owner."""
OF_THE_SYSTEM = re.compile(
    # The journal of dpkg and apt, and copies that useradd and the like keep of the files that they change.
    r"/var/(log/(dpkg\.log|apt|alternatives\.log)|lib/dpkg|cache/(apt|man|debconf|ldconfig)|lib/apt)\b"
    r"|/etc/(passwd|group|shadow|gshadow|subuid|subgid)- |/etc/\.pwd\.lock "
)
SETTINGS = """\
# The academy's own comment.
[people]
base = "dc=x"
"""


@pytest.fixture
def package(suite: str, system: ChrootedSystem) -> str:
    """The package's file in the system."""
    return system.bring(built_package(suite))


@pytest.fixture
def installed(system: ChrootedSystem, package: str) -> ChrootedSystem:
    system.done(f"dpkg -i {package}")
    return system


class TestInstalled:
    def test_when_nobody_booted_the_system_then_the_command_works(self, installed):
        assert installed.done("mamia --version").split()[-1] == "1.0.0"
        assert "WARN" in installed.run("mamia check").stdout or "can't be used" in installed.run("mamia check").stdout

    def test_when_installed_then_no_file_names_the_folder_of_the_build(self, installed):
        found = installed.run("grep -rlE '/build/(mamia|env)|machine-authorities' /opt/mamia /usr/share/mamia")

        assert found.stdout == ""

    def test_when_installed_then_each_process_has_its_user_and_nobody_else_reads_the_settings(self, installed):
        users = installed.done("id -Gn mamia; id -Gn mamia-sync; id -Gn mamia-capture; id -Gn www-data").splitlines()
        access = installed.done("stat -c '%a %U:%G' /etc/mamia /etc/mamia/mamia.toml").splitlines()

        assert users == [
            "mamia mamia-read",
            "mamia-sync mamia-read",
            "mamia-capture mamia-read",
            "www-data mamia-proxy",
        ]
        assert access == ["755 root:root", "640 root:mamia-read"]

    def test_when_installed_then_units_pages_and_completion_are_where_the_system_looks(self, installed):
        installed.done(
            "cd /usr && ls lib/systemd/system/mamia.service lib/systemd/system/mamia-capture.socket "
            "lib/systemd/system/mamia-remind.service lib/systemd/system/mamia-remind.timer "
            "share/man/man1/mamia.1.gz share/man/man5/mamia.toml.5.gz share/bash-completion/completions/mamia "
            "share/zsh/vendor-completions/_mamia share/fish/vendor_completions.d/mamia.fish "
            "share/mamia/ldif/30-access.ldif share/doc/mamia/docs/install.md /etc/logrotate.d/mamia"
        )

    def test_when_installed_then_each_library_has_its_licence_beside_it_or_in_the_packages_list(self, installed):
        folders = installed.done("ls -d /opt/mamia/lib/python3*/site-packages/*.dist-info").split()
        files = "-iname '*licen[cs]e*' -o -iname 'copying*'"
        without = [one for one in folders if not installed.done(f"find {one} {files}")]

        listed = installed.done("cat /usr/share/doc/mamia/copyright")
        names = [one.rpartition("/")[2].partition("-")[0] for one in without]
        assert [one for one in names if f"/site-packages/{one}*\n" not in listed] == []

    def test_when_installed_then_no_service_is_enabled(self, installed):
        links = installed.done("find /etc/systemd /usr/lib/systemd -name '*mamia*' -type l")

        assert links == ""

    def test_when_the_pages_are_served_then_styles_and_scripts_are_in_the_package(self, installed):
        folder = "/opt/mamia/lib/python3*/site-packages/gateway"

        installed.done(
            f"test -s {folder}/web/static/vendor/site.css; test -s {folder}/translations/fr/LC_MESSAGES/*.mo"
        )


class TestUnpacked:
    def test_when_it_is_not_installed_then_the_new_version_checks_the_settings(self, system, package):
        """As docs/upgrade.md says."""
        system.done(f"dpkg-deb -x {package} /root/mamia-new; mkdir /etc/mamia; echo '[web]\nprot = 1' >/tmp/m.toml")

        done = system.run("cd /root/mamia-new/opt/mamia && bin/python -m gateway.cli.main check --config /tmp/m.toml")

        assert done.returncode == 2
        assert "can't be used" in done.stdout


class TestSettings:
    def test_when_the_package_is_upgraded_then_settings_and_secrets_stay_as_they_are(
        self, suite, installed, tmp_path
    ):
        installed.bring(_file(tmp_path / "mamia.toml", SETTINGS), "/etc/mamia")
        installed.done("cd /etc/mamia; echo s >secret_keys; chown mamia: secret_keys; chmod 0600 secret_keys")
        installed.done("chown mamia:mamia-read /etc/mamia/mamia.toml; chmod 0600 /etc/mamia/mamia.toml")
        # tmpfiles.d gives both the access that the services need, at each boot too.
        before = installed.done("systemd-tmpfiles --create mamia.conf; cd /etc/mamia; stat -c '%n %a %U %G' *; cat *")
        newer = installed.bring(with_version(built_package(suite), "1.0.1-1~deb13", tmp_path))

        printed = installed.done(f"dpkg -i {newer}")

        assert "onffile" not in printed
        assert installed.done("cd /etc/mamia; stat -c '%n %a %U %G' *; cat *") == before
        assert installed.done(STATE_OF) == "installed 1.0.1-1~deb13"

    def test_when_removed_and_installed_again_then_the_settings_are_still_there(self, installed, package, tmp_path):
        installed.bring(_file(tmp_path / "mamia.toml", SETTINGS), "/etc/mamia")

        installed.done(f"apt-get remove --yes mamia; test ! -e /opt/mamia; dpkg -i {package}")

        assert installed.done("cat /etc/mamia/mamia.toml") == SETTINGS
        assert installed.done("stat -c '%a %U:%G' /etc/mamia/mamia.toml") == "640 root:mamia-read\n"

    def test_when_the_folder_of_the_settings_cannot_be_written_then_it_says_so_and_installs(self, system, package):
        printed = system.done(f"mkdir /etc/mamia; mount -t tmpfs -o ro tmpfs /etc/mamia; dpkg -i {package}")

        assert "mamia: /etc/mamia could not be written; mamia.toml is in /usr/share/mamia" in printed
        assert system.done(STATE_OF).startswith("installed ")


class TestPurge:
    def test_when_purged_then_every_file_user_and_group_is_gone(self, system, package):
        accounts = "getent passwd; getent group; cat /etc/shadow /etc/gshadow"
        before = system.done(f"{LISTING}"), system.done(accounts)
        system.done(f"dpkg -i {package}")
        system.done(
            "for user in mamia mamia-sync mamia-capture; do "
            "install -d -o $user /var/lib/$user /var/log/$user; echo x >/var/log/$user/audit.log.1; done; "
            "mkdir -p /etc/systemd/system/mamia.service.d /etc/mamia/undo; echo x >/etc/mamia/worker.key; "
            "echo '[Service]' >/etc/systemd/system/mamia.service.d/override.conf; "
            "systemctl enable mamia.service mamia-capture.socket"
        )

        system.done("apt-get purge --yes mamia")

        files = [line for line in system.done(LISTING).splitlines() if not OF_THE_SYSTEM.search(line)]
        assert set(files) - set(before[0].splitlines()) == set()
        assert {one for one in before[0].splitlines() if not OF_THE_SYSTEM.search(one)} - set(files) == set()
        assert system.done(accounts) == before[1]

    def test_when_the_account_is_the_systems_own_then_a_purge_leaves_it(self, system, package):
        system.done("useradd --system --comment 'Another program' mamia")

        system.done(f"dpkg -i {package}; apt-get purge --yes mamia")

        assert "Another program" in system.done("getent passwd mamia")


class TestRefused:
    def test_when_the_program_was_installed_by_hand_then_nothing_is_touched(self, system, package):
        system.done(
            "mkdir -p /opt/mamia-0.1.0/bin; echo old >/opt/mamia-0.1.0/bin/mamia; ln -s /opt/mamia-0.1.0 /opt/mamia; "
            "echo '[Service]' >/etc/systemd/system/mamia.service"
        )
        before = system.done("find /opt /etc/systemd -ls | awk '{print $3, $5, $7, $11, $12, $13}'")

        refused = system.run(f"dpkg -i {package}")

        assert refused.returncode != 0
        assert "mv /opt/mamia /etc/systemd/system/mamia.service /root/mamia-by-hand/" in refused.stdout
        assert system.done("find /opt /etc/systemd -ls | awk '{print $3, $5, $7, $11, $12, $13}'") == before

    def test_when_the_files_are_moved_as_it_says_then_the_package_installs(self, system, package):
        system.done("mkdir -p /opt/mamia-0.1.0; ln -s /opt/mamia-0.1.0 /opt/mamia")
        refused = system.run(f"dpkg -i {package}").stdout
        said = [line.strip() for line in refused.splitlines() if line.startswith("    ")]

        system.done(f"{'; '.join(said)}; dpkg -i {package}")

        assert len(said) == 2
        assert system.done(STATE_OF).startswith("installed ")
        assert system.done("readlink /root/mamia-by-hand/mamia") == "/opt/mamia-0.1.0\n"

    def test_when_a_person_has_the_name_of_the_service_then_it_is_refused(self, system, package):
        system.done("useradd --create-home mamia")

        refused = system.run(f"dpkg -i {package}")

        assert refused.returncode != 0
        assert "a person's here" in refused.stdout
        assert system.run("ls /opt/mamia").returncode != 0


class TestInterrupted:
    def test_when_the_configuration_is_killed_then_it_goes_on_later(self, system, package):
        """dpkg and its script are killed while the users are made."""
        system.done(
            "mv /usr/bin/systemd-sysusers /usr/bin/sysusers.real; "
            "printf '#!/bin/sh\\nkill -9 $PPID $(pidof dpkg)\\n' >/usr/bin/systemd-sysusers; "
            "chmod +x /usr/bin/systemd-sysusers"
        )
        killed = system.run(f"dpkg -i {package}")
        assert killed.returncode != 0
        assert system.run(STATE_OF).stdout.startswith("half-configured")

        system.done("mv /usr/bin/sysusers.real /usr/bin/systemd-sysusers; dpkg --configure -a")

        assert system.done(STATE_OF).startswith("installed ")
        assert system.done("stat -c '%a %U:%G' /etc/mamia/mamia.toml") == "640 root:mamia-read\n"


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
