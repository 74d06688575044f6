"""Make what compose.yaml needs and is not there: secrets, the worker's keys, a certificate, empty folders.

docker/first-start runs it in the image, as root, with the folder of compose.yaml as its argument. Nothing that is
there is overwritten, so it can run again at any time; each file gets the user of its service. A secret is in no
argument and in no variable of the environment.
"""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
import tomllib
from pathlib import Path

WEB, WORKER, DIRECTORY, PROXY, VALKEY = 10001, 10002, 10003, 101, 1000
"""Users and groups of the services in compose.yaml; VALKEY is a group."""
RANDOM = {
    "gateway_password": (WEB, DIRECTORY),
    "secret_keys": (WEB, WEB),
    "valkey_password": (WEB, VALKEY),
    "sync_password": (WORKER, DIRECTORY),
    "decoy_password": (DIRECTORY, DIRECTORY),
    "helpdesk_password": (WEB, DIRECTORY),
    "reminders_password": (WEB, DIRECTORY),
    "directory_admin": (DIRECTORY, DIRECTORY),
    "webhook_secret": (WEB, WORKER),
}
"""Secret → who owns its file, and which group reads it too."""
PREFIXES = {"webhook_secret": b"whsec_"}
"""What a secret begins with, by its standard: here Standard Webhooks."""
GIVEN = {"worker_key": (WORKER, WORKER), "tls_certificate": (PROXY, PROXY), "tls_key": (PROXY, PROXY)}
RANDOM_BYTES = 36
CERTIFICATE_DAYS = 90


def main(folder: Path) -> None:
    """Make what is missing in `folder`, and give every file to its service."""
    os.umask(0o077)
    inside = folder / "secrets"
    inside.mkdir(exist_ok=True)
    for name in RANDOM:
        if not (inside / name).exists():
            random = base64.b64encode(secrets.token_bytes(RANDOM_BYTES))
            (inside / name).write_bytes(PREFIXES.get(name, b"") + random)
            print(f"made secrets/{name}: random")
    make_keys(inside, folder / "worker.pub")
    make_certificate(inside, site_of(folder / "mamia.toml"))
    for name, (user, group) in {**RANDOM, **GIVEN}.items():
        os.chown(inside / name, user, group)
        (inside / name).chmod(0o440)
    (folder / "worker.pub").chmod(0o444)
    make_folders(folder)


def site_of(settings: Path) -> str:
    """Return the name of the site: the first of web.allowed_hosts."""
    return str(tomllib.loads(settings.read_text(encoding="utf-8"))["web"]["allowed_hosts"][0])


def make_keys(inside: Path, public: Path) -> None:
    """Make the worker's key pair, unless it is there. Ends with an error if only half of it is."""
    private = inside / "worker_key"
    if private.exists() != public.exists():
        there, missing = (private, public) if private.exists() else (public, private)
        sys.exit(f"{there} is there without {missing.name}: put the other half beside it, or move this one away")
    if not private.exists():
        subprocess.run(["mamia", "keygen", str(inside / "worker")], check=True, stdout=subprocess.DEVNULL)
        (inside / "worker.key").rename(private)
        (inside / "worker.pub").rename(public)
        print("made secrets/worker_key and worker.pub. Keep a copy of the key: without it, what waits is lost.")


def make_certificate(inside: Path, site: str) -> None:
    """Make a certificate that nobody signed, unless there is one. Browsers warn of it."""
    certificate, key = inside / "tls_certificate", inside / "tls_key"
    if certificate.exists() and key.exists():
        return
    if certificate.exists() or key.exists():
        sys.exit("secrets/ has only one of tls_certificate and tls_key: put the other one beside it")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", f"/CN={site}", "-addext", f"subjectAltName=DNS:{site}", "-days", str(CERTIFICATE_DAYS)]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    print(f"made secrets/tls_certificate for {site}: SELF-SIGNED, browsers warn of it. Put your own in its place.")


def make_folders(folder: Path) -> None:
    """Make the folders of the domain and of files with people, and give them to those who read them."""
    for name, (user, group) in {"domain": (WORKER, WORKER), "people": (WEB, DIRECTORY)}.items():
        place = folder / name
        place.mkdir(exist_ok=True)
        for one in (place, *place.iterdir()):
            os.chown(one, user, group)
            one.chmod(0o750 if one.is_dir() else 0o440)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
