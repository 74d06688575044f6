"""The peer: PHP Self Service Password from an unpacked release, on php-fpm and nginx of its own.

PEER=folder names the release; docs/benchmarks.md says how to get it. It runs from a copy, with the settings that it
is shipped with, except for the directory, its secrets and what a row is about.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.bench.crowd import NEW
from tests.bench.load import Request
from tests.support.ports import free_port
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX, SlapdServer

RELEASE = Path(os.environ["PEER"]).resolve() if os.environ.get("PEER") else None
SMARTY = "/usr/share/php/smarty4/Smarty.class.php"
CHANGED = "Your password was changed"
FORM = "/index.php?action=change"
CHILDREN = 16
"""Of php-fpm, all started before: as many as ask at once where hashes are quick."""
START_SECONDS = 30
RATE_LIMIT = """
$use_ratelimit = true;
$max_attempts_per_user = 10000000;
$max_attempts_per_ip = 10000000;
$ratelimit_dbdir = "@FOLDER@/limits";
"""
"""On, and wide, as this project's is: people of one address change their passwords at the same time."""
POOL = """
[global]
error_log = @FOLDER@/php-fpm.log
[peer]
@USER@
listen = @FOLDER@/php.sock
listen.mode = 0666
listen.backlog = 1024
pm = static
pm.max_children = @CHILDREN@
env[TMPDIR] = @FOLDER@/temporary
env[PATH] = /usr/bin:/bin
"""
NGINX = """
@USER@
worker_processes auto;
daemon off;
pid @FOLDER@/nginx.pid;
error_log @FOLDER@/nginx.log warn;
events { worker_connections 768; }
http {
  access_log off;
  client_body_temp_path @FOLDER@/temporary/body;
  fastcgi_temp_path @FOLDER@/temporary/fastcgi;
  proxy_temp_path @FOLDER@/temporary/proxy;
  scgi_temp_path @FOLDER@/temporary/scgi;
  uwsgi_temp_path @FOLDER@/temporary/uwsgi;
  server {
    listen 127.0.0.1:@PORT@ backlog=1024;
    root @FOLDER@/release/htdocs;
    index index.php;
    location ~ \\.php {
      fastcgi_pass unix:@FOLDER@/php.sock;
      fastcgi_split_path_info ^(.+\\.php)(/.+)$;
      try_files $fastcgi_script_name =404;
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_read_timeout 600;
    }
  }
}
"""
SETTINGS = """<?php
$ldap_url = "@URL@";
$ldap_binddn = "cn=gateway,ou=services,@SUFFIX@";
$ldap_bindpw = '@SECRET@';
$ldap_base = "@PEOPLE@";
$keyphrase = "@KEYPHRASE@";
define("SMARTY", "@SMARTY@");
"""


@dataclass
class Peer:
    """In `folder`, which is made."""

    release: Path
    folder: Path
    directory: SlapdServer
    settings: str = ""
    """More lines of its configuration, in PHP."""
    posthook: str = ""
    """A script for its folder."""
    port: int = field(default_factory=free_port, init=False)
    _started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    @property
    def processes(self) -> Mapping[str, int]:
        return {name: process.pid for name, process in self._started.items()}

    def start(self) -> None:
        if not (self.release / "vendor" / "autoload.php").exists():
            raise SystemExit(f"PEER={self.release} is not an unpacked release: it has no vendor/autoload.php")
        self.folder.mkdir()
        shutil.copytree(self.release, self.folder / "release", symlinks=True)
        for name in ("temporary", "limits", "release/cache", "release/templates_c"):
            (self.folder / name).mkdir(exist_ok=True)
        self.empty_limits()
        self._write("release/conf/config.inc.local.php", SETTINGS + self.settings)
        self._write("php-fpm.conf", POOL.replace("@USER@", "user = www-data\ngroup = www-data" if _is_root() else ""))
        self._write("nginx.conf", NGINX.replace("@USER@", "user www-data;" if _is_root() else ""))
        self._write("posthook", self.posthook)
        (self.folder / "posthook").chmod(0o755)
        if _is_root():
            subprocess.run(["chown", "-R", "www-data:www-data", self.folder], check=True)
        php = max(Path("/usr/sbin").glob("php-fpm[0-9]*"))
        run_as_root = ["--allow-to-run-as-root"] if _is_root() else []
        self._run("php-fpm", [str(php), "-F", "-y", f"{self.folder}/php-fpm.conf", *run_as_root])
        self._run("nginx", ["nginx", "-c", f"{self.folder}/nginx.conf"])
        self._wait()

    def stop(self) -> None:
        for process in self._started.values():
            process.terminate()
        for process in self._started.values():
            process.wait(30)
        self._started.clear()

    def empty_limits(self) -> None:
        """It never forgets a login, and reads and writes all of them each time: begin each round without any."""
        for name in ("users", "ips"):
            file = self.folder / "limits" / f"ssp_rrl_{name}.json"
            file.write_text("{}")
            if _is_root():
                shutil.chown(file, "www-data", "www-data")

    def _write(self, name: str, text: str) -> None:
        filled = {
            "FOLDER": self.folder, "PORT": self.port, "CHILDREN": CHILDREN, "URL": self.directory.url,
            "SUFFIX": SUFFIX, "SECRET": self.directory.slapd.password("gateway"), "PEOPLE": PEOPLE, "SMARTY": SMARTY,
            "KEYPHRASE": os.urandom(16).hex(),
        }  # fmt: skip
        for word, value in filled.items():
            text = text.replace(f"@{word}@", str(value))
        (self.folder / name).write_text(text)

    def _run(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.out").open("wb") as log:
            self._started[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command], stdout=log, stderr=log
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if requests.get(f"http://127.0.0.1:{self.port}{FORM}", timeout=10).ok:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise SystemExit(f"the peer does not start: see {self.folder}")


def change() -> Request:
    """The form of a change, as a browser sends it."""
    fields = {"login": "p__NUMBER__", "oldpassword": PASSWORD, "newpassword": NEW, "confirmpassword": NEW}
    return Request(FORM, fields, says=CHANGED)


def form_page() -> Request:
    return Request(FORM, says='name="newpassword"')


def _is_root() -> bool:
    return os.geteuid() == 0
