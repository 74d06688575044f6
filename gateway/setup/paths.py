"""The files and folders that `mamia setup` proposes, all below the root that the settings' file belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

DEFAULT_CONFIG = Path("/etc/mamia/mamia.toml")


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths for the settings' file `config`.

    For ROOT/etc/mamia/mamia.toml they are below ROOT, so that a whole installation can live in a folder of its own;
    for a file elsewhere they are the system's.
    """

    config: Path

    @property
    def root(self) -> Path:
        """Return the folder above etc/mamia, or /.

        >>> Paths(Path("/srv/try/etc/mamia/mamia.toml")).root, Paths(Path("/home/a/mamia.toml")).root
        (PosixPath('/srv/try'), PosixPath('/'))
        """
        folder = self.config.parent
        return folder.parents[1] if folder.parts[-2:] == ("etc", "mamia") else Path("/")

    @property
    def folder(self) -> Path:
        """Return the folder of the settings, where secrets and keys are too."""
        return self.config.parent

    @property
    def unfinished(self) -> Path:
        """Return the file with the answers of an interrupted run."""
        return self.folder / ".setup-answers.toml"

    @property
    def slapd_socket(self) -> Path:
        """Return the socket at which Debian's slapd serves ldapi."""
        return self.root / "run/slapd/ldapi"

    @property
    def ldapi_url(self) -> str:
        """Return the URL of that socket."""
        return f"ldapi://{quote(str(self.slapd_socket), safe='')}"

    @property
    def capture_socket(self) -> Path:
        """Return the socket of the listener."""
        return self.root / "run/mamia-capture.sock"

    @property
    def worker_state(self) -> Path:
        """Return the worker's own folder."""
        return self.root / "var/lib/mamia-sync"

    @property
    def spool(self) -> Path:
        """Return the folder of mails that wait."""
        return self.root / "var/lib/mamia/mails"

    @property
    def webhook_spool(self) -> Path:
        """Return the web service's folder of events that wait for the receiver of webhooks."""
        return self.root / "var/lib/mamia/webhooks"

    @property
    def nginx_site(self) -> Path:
        """Return nginx's file for the site, in the folder that Debian's and nginx.org's nginx read."""
        return self.root / "etc/nginx/conf.d/mamia.conf"
