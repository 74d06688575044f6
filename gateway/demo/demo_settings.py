"""The demo's settings, written as an academy writes them; `mamia serve` and `mamia sync` use them unchanged."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from gateway.demo.post_office import PostOffice
from gateway.demo.private_samba import PEOPLE, REALM, SERVICE, PrivateSamba
from gateway.demo.private_slapd import SUFFIX, PrivateSlapd
from gateway.notifications.webhook_secrets import write_secret
from gateway.protection.seal import make_key_pair

NT_TARGET = """[workstation.targets.poste]
type = "samba_nt"
"""
"""NT4-style attributes in the same directory, where no domain controller can run."""

CHARTER_VERSION = "2026-09"
"""What people accept with their first change or reset."""


def samba_target(samba: PrivateSamba) -> str:
    """Return the TOML section of the private domain controller as a target."""
    return f"""[workstation.targets.domaine]
type = "active_directory"
servers = ["{samba.url}"]
ca_file = {_toml(samba.authority)}
bind_dn = "{SERVICE}@{REALM.lower()}"
bind_password_file = {_toml(samba.password_file(SERVICE))}
base = "{PEOPLE}"
"""


def make_keys(state: Path) -> None:
    """Make the keys of the services in the state folder, at the first start."""
    keys, worker_key = state / "secret_keys", state / "worker.key"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(secrets.token_urlsafe(48) + "\n")
    if not worker_key.exists():
        make_key_pair(worker_key, state / "worker.pub")
    if not webhook_secret(state).exists():
        write_secret(webhook_secret(state))


def webhook_secret(state: Path) -> Path:
    """Return the path of the file with the secret that signs events."""
    return state / "webhook.secret"


def write_settings(slapd: PrivateSlapd, host: str, port: int, target: str, post: PostOffice, events_url: str) -> Path:
    """Write mamia.toml into the directory's state folder, and return its path; `target` is TOML."""
    config = slapd.state / "mamia.toml"
    sections = (
        _directory(slapd), _messages(slapd, post), _web(slapd, host, port), _workstation(slapd), target,
        _capture(slapd), _helpdesk(slapd), _recovery(port), _reminders(slapd), _charter(host, port),
        _webhooks(slapd, events_url),
    )  # fmt: skip
    config.write_text("\n".join(sections), encoding="utf-8")
    return config


def _directory(slapd: PrivateSlapd) -> str:
    return f"""# Written by `mamia demo` at each start. MAMIA_SECTION__KEY in the environment overrides it.
[directory]
servers = ["{slapd.url}"]
bind_dn = "cn=gateway,ou=services,{SUFFIX}"
bind_password_file = {_toml(slapd.password_file("gateway"))}
decoy_dn = "cn=decoy,ou=services,{SUFFIX}"
default_policy = "cn=default,ou=policies,{SUFFIX}"

[people]
base = "ou=people,{SUFFIX}"
private_mail = "privateMail"
phone = "mobile"
protected_groups = ["cn=protected,ou=groups,{SUFFIX}"]

[reset]
initial_policy = "cn=initial,ou=policies,{SUFFIX}"
"""


def _messages(slapd: PrivateSlapd, post: PostOffice) -> str:
    return f"""[notifications]
# The demo is the mail server and the SMS gateway: what it gets lies in {post.folder}, for you to read.
spool = {_toml(slapd.state / "spool")}
smtp_host = "127.0.0.1"
smtp_port = {post.smtp_port}

[second_factor]
sms_gateway_url = "{post.sms_url}"
"""


def _web(slapd: PrivateSlapd, host: str, port: int) -> str:
    return f"""[audit]
destination = "file"
file = {_toml(slapd.state / "audit.log")}

[web]
listen_address = "{host}"
port = {port}
# Several demos may run on one machine.
health_port = 0
secret_keys_file = {_toml(slapd.state / "secret_keys")}
secure_cookies = false
"""


def _workstation(slapd: PrivateSlapd) -> str:
    return f"""[workstation]
public_key_file = {_toml(slapd.state / "worker.pub")}
private_key_files = [{_toml(slapd.state / "worker.key")}]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
bind_password_file = {_toml(slapd.password_file("sync"))}
state_folder = {_toml(slapd.state / "worker")}
"""


def capture_socket(slapd: PrivateSlapd) -> Path:
    """Return the path of the capture's socket."""
    return slapd.state / "capture.sock"


def _capture(slapd: PrivateSlapd) -> str:
    if not slapd.reports_writes:
        return ""
    return f"""[capture]
socket = {_toml(capture_socket(slapd))}
bind_dn = "cn=capture,ou=services,{SUFFIX}"
bind_password_file = {_toml(slapd.password_file("capture"))}
"""


def _helpdesk(slapd: PrivateSlapd) -> str:
    return f"""[helpdesk]
bind_dn = "cn=helpdesk,ou=services,{SUFFIX}"
bind_password_file = {_toml(slapd.password_file("helpdesk"))}
agents_group = "cn=helpdesk,ou=groups,{SUFFIX}"
networks = ["127.0.0.0/8", "::1/128"]

[events]
keep_days = 30
"""


def _recovery(port: int) -> str:
    return f"""[recovery]
methods = ["mail", "mobile", "passkey", "totp"]
# An academy keeps the default of 48; 0 lets you try a new method at once.
rest_hours = 0
rp_id = "localhost"
origin = "http://localhost:{port}"
"""


def _reminders(slapd: PrivateSlapd) -> str:
    return f"""[reminders]
bind_dn = "cn=reminders,ou=services,{SUFFIX}"
bind_password_file = {_toml(slapd.password_file("reminders"))}
digest_to = "assistance@ac-example.fr"
"""


def _charter(host: str, port: int) -> str:
    return f"""[charter]
version = "{CHARTER_VERSION}"
# Any page of this site stands for the academy's text.
url = "http://{host}:{port}/mentions-legales"
"""


def _webhooks(slapd: PrivateSlapd, url: str) -> str:
    return f"""[webhooks]
# The demo receives the events too.
url = "{url}"
secret_file = {_toml(webhook_secret(slapd.state))}
spool = {_toml(slapd.state / "webhooks")}
"""


def _toml(path: Path) -> str:
    """Return the path as a TOML string; a JSON string is one."""
    return json.dumps(str(path))
