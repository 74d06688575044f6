"""Dockerfiles, compose file and manifests: by their schemas, by their rules, and against each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatch
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml

from gateway.notifications.webhook_secrets import read_secrets
from gateway.protection.seal import make_key_pair
from gateway.settings.loader import load
from gateway.settings.service_accounts import reminding_directory, workers_directory
from gateway.targets import delivered_targets
from tests.support.commented_sections import commented_sections, turned_on
from tests.support.dockerfile import Dockerfile

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = ["Dockerfile", "slapd/Dockerfile"]
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
BIN = Path(sys.executable).parent
# Pinned versions of Debian's packages would vanish from its mirrors with the next security update.
UNPINNED_PACKAGES = "DL3008"


def reported(*command: str | Path) -> str:
    """What a command says; empty when it finds nothing to say."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=DOCKER)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def resources():
    return [part for file in MANIFESTS for part in yaml.safe_load_all(file.read_text())]


def of_kind(kind):
    return {part["metadata"]["name"]: part for part in resources() if part["kind"] == kind}


def pods():
    """Of what stays; `remind` runs for a moment."""
    return {
        name: part["spec"]["template"]["spec"]
        for kind in ("Deployment", "StatefulSet")
        for name, part in of_kind(kind).items()
    }


def reminding_pod():
    return of_kind("CronJob")["remind"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def with_reminders(settings: str) -> str:
    """The settings after somebody has removed the signs before the two sections, as the handbook says."""
    return turned_on(settings, "notifications", "reminders")


class TestDockerfile:
    @pytest.mark.parametrize("name", DOCKERFILES)
    def test_when_linted_then_nothing_is_found(self, name):
        assert reported(BIN / "hadolint", "--ignore", UNPINNED_PACKAGES, name) == ""

    @pytest.mark.parametrize("name", DOCKERFILES)
    def test_when_a_builder_knows_no_buildkit_then_it_can_build_it(self, name, tmp_path):
        made = Dockerfile(DOCKER / name, ROOT, tmp_path)

        options = {word.partition("=")[0] for _, rest in made.instructions for word in rest.split()}
        assert not {"--chmod", "--link", "--mount"} & options

    @pytest.mark.parametrize("name", DOCKERFILES)
    def test_when_it_names_a_base_then_the_registry_is_named_too(self, name, tmp_path):
        """podman asks no registry for a short name."""
        made = Dockerfile(DOCKER / name, ROOT, tmp_path)

        bases = [rest.split()[0] for instruction, rest in made.instructions if instruction == "FROM"]
        assert all(base.startswith("docker.io/") for base in bases)

    @pytest.mark.parametrize("name", DOCKERFILES)
    def test_when_it_copies_then_the_files_are_there_and_reach_the_builder(self, name, tmp_path):
        made = Dockerfile(DOCKER / name, ROOT, tmp_path)

        for path in made.copied:
            tracked = subprocess.run(["git", "-C", ROOT, "ls-files", path], capture_output=True, text=True).stdout
            assert tracked or path.startswith("gateway/web/static"), path
            let_in = [rule[1:] for rule in made.ignored if rule.startswith("!")]
            assert any(path == rule or path.startswith(rule + "/") or fnmatch(path, rule) for rule in let_in), path

    @pytest.mark.parametrize("name", DOCKERFILES)
    def test_when_read_then_its_service_is_not_root_and_is_looked_after(self, name, tmp_path):
        made = Dockerfile(DOCKER / name, ROOT, tmp_path)

        assert int(made.last("USER").split(":")[0]) > 1000
        assert "CMD" in made.last("HEALTHCHECK")


@pytest.fixture
def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


class TestCompose:
    def test_when_held_against_the_schema_then_it_is_valid(self):
        assert reported(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml") == ""

    def test_when_it_names_files_and_secrets_then_all_of_them_are_accounted_for(self, compose):
        made_first = {"./worker.pub", "./domain", "./people", "."}
        mounted = {
            volume.split(":")[0]
            for service in compose["services"].values()
            for volume in service.get("volumes", [])
            if volume.startswith(".")
        }
        used = {name for service in compose["services"].values() for name in service.get("secrets", [])}

        assert all((DOCKER / path).is_file() for path in mounted - made_first)
        assert used == set(compose["secrets"])

    def test_when_read_then_only_the_worker_gets_the_private_key(self, compose):
        holders = [
            name for name, service in compose["services"].items() if "worker_key" in service.get("secrets", [])
        ]

        assert holders == ["worker"]
        assert compose["services"]["worker"]["command"] == ["mamia", "sync"]
        assert compose["services"]["web1"]["user"] != compose["services"]["worker"]["user"]

    def test_when_read_then_every_service_is_hardened_and_only_the_proxy_is_reached_from_outside(self, compose):
        for name, service in compose["services"].items():
            assert service["image"].split("/")[0] in ("docker.io", "localhost"), name
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert "no-new-privileges:true" in service["security_opt"], name
            assert ("ports" in service) is (name == "proxy"), name
        assert compose["networks"]["inside"]["internal"] is True

    def test_when_read_then_one_service_builds_each_image_and_the_others_pull_none(self, compose):
        ours = [service for service in compose["services"].values() if service["image"] == "localhost/mamia"]

        assert len([service for service in ours if "build" in service]) == 1
        assert {service["pull_policy"] for service in ours} == {"never"}

    def test_when_read_then_each_service_that_stays_has_a_check_of_its_own(self, compose):
        """podman keeps no HEALTHCHECK of an image."""
        staying = {name for name, service in compose["services"].items() if "profiles" not in service}

        assert {name for name in staying if "healthcheck" not in compose["services"][name]} == set()

    def test_when_a_check_is_made_of_words_then_each_of_them_is_a_plain_one(self, compose):
        """podman-compose 1.3 joins the words of CMD at blanks: others fall apart, and empty ones are lost."""
        checks = [
            service["healthcheck"]["test"] for service in compose["services"].values() if "healthcheck" in service
        ]
        words = [word for kind, *words in checks if kind == "CMD" for word in words]

        assert words
        assert [word for word in words if not re.fullmatch(r"[\w./:-]+", word)] == []

    def test_when_a_variable_is_handed_on_then_the_container_has_it_by_another_name(self, compose):
        """Debian 13's podman-compose leaves `A: "${A:-}"` as the text that it is."""
        handed_on = {
            (name, variable)
            for service in compose["services"].values()
            for name, value in service.get("environment", {}).items()
            for variable in re.findall(r"\$\{(\w+)", str(value))
        }

        assert handed_on
        assert [name for name, variable in handed_on if name == variable] == []

    def test_when_read_then_the_proxy_finds_the_web_services_at_fixed_addresses(self, compose):
        """nginx resolves a name once, and does not start while a name is unknown."""
        proxy = (ROOT / "deploy/nginx/mamia.conf").read_text()
        fixed = {compose["services"][name]["networks"]["front"]["ipv4_address"] for name in ("web1", "web2")}

        assert set(re.findall(r"^    server ([\d.]+):8080 ", proxy, re.MULTILINE)) == fixed
        assert len(re.findall(r"listen \[::\]:", proxy)) == len(re.findall(r"listen \d", proxy))
        front = compose["networks"]["front"]
        assert front["enable_ipv6"] is True
        assert [":" in part["subnet"] for part in front["ipam"]["config"]] == [False, True]


class TestPrepare:
    @pytest.fixture
    def prepare(self, tmp_path):
        """Runs the script as the image does, in a folder with the settings; root may give files to other users."""
        if os.geteuid() != 0:
            pytest.skip("only root can give files to other users")
        shutil.copy(DOCKER / "mamia.toml", tmp_path)

        def run(is_good=True):
            environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
            command = [sys.executable, DOCKER / "prepare.py", tmp_path]
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            assert (done.returncode == 0) is is_good, done.stderr
            return done.stdout + done.stderr

        return run

    def test_when_it_runs_twice_then_each_secret_is_made_once_for_its_services_alone(
        self, prepare, tmp_path, compose
    ):
        first = prepare()
        made = {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()}
        second = prepare()

        assert set(made) == set(compose["secrets"])
        assert {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()} == made
        assert "SELF-SIGNED" in first
        assert second == ""
        assert read_secrets(tmp_path / "secrets/webhook_secret")
        assert not [name for name, value in made.items() if value.decode() in first]

    def test_when_it_made_them_then_every_service_can_read_its_own_and_no_other(self, prepare, tmp_path, compose):
        prepare()

        for name in compose["secrets"]:
            found = (tmp_path / "secrets" / name).stat()
            users = [service for service in compose["services"].values() if name in service.get("secrets", [])]
            assert users, name
            for service in users:
                user, _, group = service.get("user", "101:101").partition(":")
                assert int(user) == found.st_uid or int(group) == found.st_gid, (name, service)
            assert found.st_mode & 0o777 == 0o440, name

    def test_when_half_of_a_pair_is_missing_then_it_says_so_and_makes_no_other(self, prepare, tmp_path):
        prepare()
        (tmp_path / "secrets" / "worker_key").unlink()

        assert "worker_key" in prepare(is_good=False)
        assert not (tmp_path / "secrets" / "worker_key").exists()


def ports_towards_servers(pod: str):
    """The ports of servers outside that its network policy opens."""
    rules = of_kind("NetworkPolicy")[pod]["spec"]["egress"]
    return {one["port"] for rule in rules for one in rule["ports"] if "ipBlock" in rule["to"][0]}


SECRETS = ("gateway_password", "secret_keys", "sync_password", "valkey_password", "domain_password")


def settings_of(text: str, folder: Path, secrets: Sequence[str] = SECRETS, **options):
    """The settings, these files at hand in `folder`."""
    make_key_pair(folder / "worker_key", folder / "worker.pub")
    for name in secrets:
        if name != "worker_key":
            (folder / name).write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    file = folder / "mamia.toml"
    file.write_text(text.replace("/run/secrets/", f"{folder}/").replace("/etc/mamia/", f"{folder}/"))
    return load(file, **options)


WITH_WEB_SECRETS = ("web1", "web2", "import")


class TestComposeSettings:
    def test_when_the_worker_has_its_own_secrets_alone_then_it_needs_no_other(self, tmp_path, compose):
        secrets = compose["services"]["worker"]["secrets"]

        settings = settings_of((DOCKER / "mamia.toml").read_text(), tmp_path, secrets, web_secrets=False)

        assert not {"gateway_password", "secret_keys"} & set(secrets)
        assert workers_directory(settings).password
        assert not delivered_targets(settings.workstation), "a domain is added by hand"

    def test_when_reminders_have_their_own_secret_alone_then_they_need_no_other(self, tmp_path, compose):
        secrets = compose["services"]["remind"]["secrets"]

        settings = settings_of(
            with_reminders((DOCKER / "mamia.toml").read_text()), tmp_path, secrets, web_secrets=False
        )

        assert secrets == ["reminders_password"]
        assert reminding_directory(settings).password

    @pytest.mark.parametrize("service", ["web1", "web2", "import", "worker", "remind"])
    def test_when_every_section_is_on_then_each_service_has_the_secrets_that_it_reads(
        self, tmp_path, compose, service
    ):
        text = (DOCKER / "mamia.toml").read_text()
        secrets = compose["services"][service]["secrets"]

        settings = settings_of(
            turned_on(text, *commented_sections(text)), tmp_path, secrets, web_secrets=service in WITH_WEB_SECRETS
        )

        own_account = {"worker": workers_directory, "remind": reminding_directory}
        account = own_account[service](settings) if service in own_account else settings.helpdesk
        assert account.password
        assert settings.webhooks.secret_file
        sends = service not in ("import", "remind")
        assert (settings.webhooks.secret_file.name in secrets) is sends

    def test_when_reminders_write_mails_then_both_web_services_find_them(self, tmp_path, compose):
        text = with_reminders((DOCKER / "mamia.toml").read_text())
        settings = settings_of(text, tmp_path, ["reminders_password"], web_secrets=False)
        shared = f"spool:{settings.notifications.spool.parent}"

        services = compose["services"]

        assert {name for name, one in services.items() if shared in one.get("volumes", [])} == {
            "web1",
            "web2",
            "remind",
        }
        assert services["remind"]["user"] == services["web1"]["user"]
        assert f"{settings.notifications.spool.parent}" in (DOCKER / "Dockerfile").read_text()

    def test_when_the_listener_has_no_secret_then_it_answers_where_slapd_asks(self, tmp_path, compose):
        listener, slapd = compose["services"]["listener"], compose["services"]["directory"]
        [folder] = {volume.partition(":")[2] for volume in listener["volumes"] if volume in slapd["volumes"]}

        settings = settings_of((DOCKER / "mamia.toml").read_text(), tmp_path, (), web_secrets=False)

        assert "secrets" not in listener
        assert listener["user"] == slapd["user"]
        assert settings.capture.answer_only
        assert str(settings.capture.socket) == f"{folder}/socket"
        assert f"CAPTURE_SOCKET:-{settings.capture.socket}" in (DOCKER / "slapd/start").read_text()

    def test_when_loaded_then_they_fit_the_services(self, tmp_path, compose):
        settings = settings_of((DOCKER / "mamia.toml").read_text(), tmp_path)

        [network] = settings.web.proxy_networks
        assert str(network) == compose["networks"]["front"]["ipam"]["config"][0]["subnet"]
        assert ip_address(compose["services"]["proxy"]["networks"]["front"]["ipv4_address"]) in network
        assert {"directory", "valkey"} <= set(compose["services"])
        assert settings.directory.servers == ["ldap://directory:3890"]
        assert settings.rate_limits.store.startswith("redis://valkey:")
        assert f"127.0.0.1:{settings.web.health_port}/health/live" in (DOCKER / "Dockerfile").read_text()


class TestManifest:
    @pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.name)
    def test_when_held_against_the_schema_then_it_is_valid(self, file):
        assert reported(BIN / "kubernetes-validate", "--strict", file) == ""


class TestManifests:
    def test_when_read_then_two_front_ends_and_a_worker_are_probed_and_kept(self, tmp_path):
        deployments = of_kind("Deployment")

        assert deployments["web"]["spec"]["replicas"] == 2
        assert deployments["worker"]["spec"]["replicas"] == 1
        [web] = pods()["web"]["containers"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(web)
        budget = of_kind("PodDisruptionBudget")["web"]["spec"]
        assert budget["minAvailable"] == 1
        assert budget["selector"] == deployments["web"]["spec"]["selector"]

    def test_when_read_then_every_pod_is_hardened_and_has_a_network_policy(self):
        policies = [
            part["spec"]["podSelector"].get("matchLabels", {}).get("app")
            for part in of_kind("NetworkPolicy").values()
        ]

        for name, pod in pods().items():
            assert pod["securityContext"]["runAsNonRoot"] is True, name
            assert pod["automountServiceAccountToken"] is False, name
            for container in pod["containers"]:
                assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
                assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
                assert {"readinessProbe", "livenessProbe"} <= set(container), name
                assert set(container["resources"]["limits"]) == {"cpu", "memory"}, name
            assert name in policies
        assert None in policies, "nobody talks to anybody by default"

    def test_when_read_then_reminders_run_each_morning_and_are_hardened_as_the_rest(self):
        [remind] = reminding_pod()["containers"]
        [web] = pods()["web"]["containers"]

        assert remind["securityContext"] == web["securityContext"]
        assert reminding_pod()["securityContext"] == pods()["web"]["securityContext"]
        assert reminding_pod()["automountServiceAccountToken"] is False
        assert set(remind["resources"]["limits"]) == {"cpu", "memory"}
        assert of_kind("CronJob")["remind"]["spec"]["concurrencyPolicy"] == "Forbid"
        labels = of_kind("CronJob")["remind"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        assert of_kind("NetworkPolicy")["remind"]["spec"]["podSelector"]["matchLabels"] == labels

    def test_when_reminders_write_mails_then_web_pods_can_send_them_from_the_same_folder(self, tmp_path):
        text = with_reminders(of_kind("ConfigMap")["mamia"]["data"]["mamia.toml"])
        settings = settings_of(text, tmp_path, ["reminders_password"], web_secrets=False)

        folders = [
            {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}["spool"]
            for pod in (reminding_pod(), pods()["web"])
        ]

        assert reminding_directory(settings).password
        assert {str(settings.notifications.spool.parent)} == set(folders)
        [claim] = [one["persistentVolumeClaim"] for one in reminding_pod()["volumes"] if one["name"] == "spool"]
        volume = of_kind("PersistentVolumeClaim")[claim["claimName"]]["spec"]
        assert volume["accessModes"] == ["ReadWriteMany"]
        mail_ports = [one for rule in of_kind("NetworkPolicy")["web"]["spec"]["egress"] for one in rule["ports"]]
        assert {"port": settings.notifications.smtp_port} in mail_ports

    def test_when_every_section_is_on_then_pods_have_its_secrets_and_reach_its_servers(self, tmp_path):
        """The comment of the manifest says which files become which secret."""
        text = of_kind("ConfigMap")["mamia"]["data"]["mamia.toml"]
        said = (ROOT / "deploy/kubernetes/settings.yaml").read_text().partition("apiVersion")[0]
        secrets = re.findall(r"--from-file=(\w+)", said)

        settings = settings_of(turned_on(text, *commented_sections(text)), tmp_path, secrets)

        assert settings.helpdesk.password
        assert settings.webhooks.secret_file
        assert settings.webhooks.secret_file.name in secrets
        for name in ("web", "worker"):
            assert 443 in ports_towards_servers(name), name

    def test_when_the_worker_has_events_that_wait_then_they_are_on_its_own_volume(self, compose):
        [worker] = pods()["worker"]["containers"]
        variables = {one["name"]: one["value"] for one in worker["env"]}
        mounts = [one["mountPath"] for one in worker["volumeMounts"]]

        spool = compose["services"]["worker"]["environment"]["MAMIA_WEBHOOKS__SPOOL"]

        assert variables["MAMIA_WEBHOOKS__SPOOL"] == spool
        assert str(Path(spool).parent) in mounts
        assert f"worker:{Path(spool).parent}" in compose["services"]["worker"]["volumes"]

    def test_when_they_name_settings_secrets_and_services_then_those_are_there(self, tmp_path):
        settings = of_kind("ConfigMap")["mamia"]["data"]["mamia.toml"]

        loaded = settings_of(settings, tmp_path)

        assert loaded.rate_limits.store.partition("//")[2].partition(":")[0] in of_kind("Service")
        [probe] = {
            part["readinessProbe"]["httpGet"]["httpHeaders"][0]["value"] for part in pods()["web"]["containers"]
        }
        assert probe in loaded.web.allowed_hosts
        [web] = pods()["web"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in web["ports"]}
        assert ports == {"http": loaded.web.port, "health": loaded.web.health_port}
        assert {web[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe")} == {"health"}
        assert tomllib.loads(settings)["web"]["trusted_proxies"] == 1
