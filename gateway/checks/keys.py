"""Checks of the keys: those that seal tickets and forms, and the pair that seals passwords for the worker."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import can_read, is_workers
from gateway.protection.seal import KeyFileError, read_private_key, read_public_key
from gateway.settings import Settings

CHECKED, SECRET_KEYS = "the worker's keys", "web.secret_keys"
MAX_KEYS = 4
"""Keys of tickets and forms, above which the former ones were forgotten."""


def check_secret_keys(settings: Settings) -> Iterator[Finding]:
    """Check the keys of tickets and forms. Weak ones are refused when the settings are read."""
    keys = settings.web.keys
    if len(set(keys)) < len(keys):
        text = "the same key is there twice: taking out one of the two lines changes nothing"
        yield warn(SECRET_KEYS, text, "one line per key, newest first: delete the copy")
    if any(key != key.strip() for key in keys):
        text = "a key begins or ends with a blank: another front end that reads it without opens none of its tickets"
        yield warn(SECRET_KEYS, text, "delete the blanks, on every front end at once")
    if len(set(keys)) > MAX_KEYS:
        text = f"{len(set(keys))} keys open tickets: a stolen old one still does"
        yield warn(SECRET_KEYS, text, "delete all but the first two: tickets of older ones ended long ago")
    if len(set(keys)) == len(keys) <= MAX_KEYS:
        yield ok(SECRET_KEYS, f"{len(keys)}, all of them long enough")


def check_keys(settings: Settings) -> Iterator[Finding]:
    """Check that the keys can be read and belong together. The private key can be read only where the worker runs."""
    workstation = settings.workstation
    if not workstation.targets or not workstation.public_key_file:
        return
    readable = [file for file in workstation.private_key_files if can_read(file)]
    if is_workers(settings) and (lacking := sorted({*workstation.private_key_files} - {*readable})):
        text = f"{', '.join(map(str, lacking))} can't be read: the worker does not start"
        yield fail(CHECKED, text, "who may read it? mamia keygen makes a pair")
        return
    try:
        public = read_public_key(workstation.public_key_file)
        pairs = [read_private_key(file).public_key for file in readable]
    except KeyFileError as error:
        yield fail(CHECKED, str(error), "mamia keygen makes a pair; keep the old private key for what waits")
        return
    if bytes(public) in [bytes(pair) for pair in pairs]:
        yield ok(CHECKED, "the public key and the private keys belong together")
    elif pairs:
        text = "none of the private keys opens what this public key seals"
        yield fail(CHECKED, text, "give the web service the .pub that mamia keygen made with the private key")
    elif is_workers(settings) and workstation.delivers:
        yield fail(CHECKED, "none opens what is sealed", "workstation.private_key_files")
    else:
        yield ok(CHECKED, "the public key can be used; the private key is not on this machine, which is correct")
