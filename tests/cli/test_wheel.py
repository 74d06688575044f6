"""The wheel: templates, LDIF and static files travel with the code."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in an environment of its own, with the wheel; the libraries are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: setuptools leaves its build folder where the sources are, for others to trip over.
    unwanted = shutil.ignore_patterns(".*", "var", "build", "dist", "*.egg-info", "__pycache__")
    source = shutil.copytree(REPOSITORY, folder / "source", ignore=unwanted)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    [wheel] = folder.glob("mamia-*.whl")
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, site], check=True)
    (Path(site) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(python: Path, program: str) -> str:
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestWheel:
    def test_when_installed_then_it_serves_its_pages_without_the_repository(self, python):
        served = run(
            python,
            """
from gateway.composition.web import build_gateway
from gateway.app import create_app
from gateway.settings import Settings
settings = Settings(
    directory={"servers": ["ldaps://x"], "bind_dn": "cn=x", "bind_password": "x", "decoy_dn": "cn=x"},
    people={"base": "dc=x"}, web={"secret_keys": ["0123456789abcdefghijklmnopqrstuvwxyz"]})
client = create_app(build_gateway(settings)).test_client()
import gateway
print(gateway.__file__)
pages = "/", "/modifier-mon-mot-de-passe", "/questions-frequentes", "/?langue=en"
for path in (*pages, "/static/vendor/site.css", "/static/form.js"):
    print(client.get(path).status_code)
""",
        )

        assert str(REPOSITORY) not in served
        assert served.split()[1:] == ["200"] * 6

    def test_when_installed_then_the_ldif_files_are_found(self, python):
        folder = Path(run(python, "from gateway.demo.private_slapd import ldif_folder; print(ldif_folder())").strip())

        assert REPOSITORY not in folder.parents
        assert {file.relative_to(REPOSITORY / "ldif") for file in (REPOSITORY / "ldif").rglob("*.ldif")} == {
            file.relative_to(folder) for file in folder.rglob("*.ldif")
        }
