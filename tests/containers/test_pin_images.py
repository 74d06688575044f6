"""docker/pin-images, asked at a real registry that holds our stand-ins for the base images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from tests.support.container_engine import PODMAN_SETTINGS
from tests.support.container_stack import BASE_IMAGES
from tests.support.polling import wait_until
from tests.support.ports import free_port

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("containers")]
ROOT = Path(__file__).parents[2]
FILES = ["docker/Dockerfile", "docker/slapd/Dockerfile", "docker/compose.yaml"]
MANIFESTS = [f"deploy/kubernetes/{file.name}" for file in (ROOT / "deploy/kubernetes").glob("*.yaml")]
IMAGE = re.compile(r"docker\.io/[\w./-]+:[\w.-]+")
CONFIG = """version: 0.1
storage: {{ filesystem: {{ rootdirectory: {folder} }} }}
http: {{ addr: "127.0.0.1:{port}" }}
"""


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "containers.conf").write_text(PODMAN_SETTINGS)
    return {"CONTAINERS_CONF": str(tmp_path / "containers.conf"), **os.environ}


@pytest.fixture
def registry(tmp_path, environment):
    """Where each base image of our files is; its address."""
    port = free_port()
    (tmp_path / "registry.yaml").write_text(CONFIG.format(folder=tmp_path / "images", port=port))
    subprocess.run([BASE_IMAGES], check=True, env=environment)
    command = ["docker-registry", "serve", str(tmp_path / "registry.yaml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(port))
            for image in images_of(ROOT):
                place = f"localhost:{port}/{image.removeprefix('docker.io/')}"
                push = ["podman", "push", "-q", "--tls-verify=false", image, place]
                subprocess.run(push, check=True, capture_output=True, env=environment)
            yield f"localhost:{port}"
        finally:
            process.terminate()


def answers(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/v2/", timeout=10).ok
    except requests.ConnectionError:
        return False


def images_of(folder):
    return sorted({image for name in (*FILES, *MANIFESTS) for image in IMAGE.findall((folder / name).read_text())})


class TestPinImages:
    def test_when_the_registry_is_reached_then_each_image_gets_its_digest_once(self, registry, environment, tmp_path):
        copy = tmp_path / "copy"
        for name in (*FILES, *MANIFESTS, "docker/pin-images"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        options = {**environment, "MIRROR": registry, "SKOPEO_OPTIONS": "--tls-verify=false"}

        for _ in range(2):
            done = subprocess.run([copy / "docker/pin-images"], env=options, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr

        text = "".join((copy / name).read_text() for name in (*FILES, *MANIFESTS))
        pinned = re.findall(rf"({IMAGE.pattern})@sha256:[0-9a-f]{{64}}(?!@)", text)
        assert sorted(set(pinned)) == images_of(ROOT)
        assert len(pinned) == len(IMAGE.findall(text)), "some place has none"
        assert done.stdout.count("@sha256:") == len(images_of(ROOT))

    def test_when_the_registry_is_away_then_no_file_is_changed(self, environment, tmp_path):
        copy = tmp_path / "copy"
        for name in (*FILES, *MANIFESTS, "docker/pin-images"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        options = {**environment, "MIRROR": f"localhost:{free_port()}", "SKOPEO_OPTIONS": "--tls-verify=false"}

        done = subprocess.run([copy / "docker/pin-images"], env=options, capture_output=True, text=True)

        assert done.returncode != 0
        assert all((copy / name).read_text() == (ROOT / name).read_text() for name in (*FILES, *MANIFESTS))
