"""The checks of this machine and of the services beside the directory, in the order of `mamia check`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.checks.academy import check_academy, check_captcha
from gateway.checks.audit_destination import check_audit
from gateway.checks.finding import Finding, ok
from gateway.checks.host_names import check_host_names
from gateway.checks.http_services import check_http_services
from gateway.checks.keys import check_keys, check_secret_keys
from gateway.checks.listening import check_listening
from gateway.checks.mail import check_mail
from gateway.checks.nginx import check_nginx
from gateway.checks.private_files import check_private_files, check_settings_file
from gateway.checks.sandbox import check_sandbox
from gateway.checks.site_certificate import check_site_certificate
from gateway.checks.store import check_store
from gateway.checks.store_memory import check_store_memory, check_store_persistence
from gateway.checks.system import check_data_folder, check_system
from gateway.checks.templates import check_templates
from gateway.settings import Settings


def check_machine(settings: Settings, config: Path | None = None) -> Iterator[Finding]:
    """Yield the findings about this machine and its services.

    `config`: the file with the settings; None for the one that MAMIA_CONFIG names, or ./mamia.toml.
    """
    yield ok("settings", "complete and consistent")
    yield from check_settings_file(settings, config)
    yield from check_secret_keys(settings)
    yield from check_private_files(settings)
    yield check_store(settings)
    yield from check_store_memory(settings)
    yield from check_store_persistence(settings)
    yield from check_http_services(settings)
    yield from check_mail(settings)
    yield from check_audit(settings)
    yield from check_host_names(settings)
    yield from check_listening(settings)
    yield from check_nginx(settings)
    yield from check_site_certificate(settings)
    yield from check_templates(settings)
    yield from check_captcha(settings)
    yield from check_keys(settings)
    yield from check_academy(settings)
    yield from check_system(settings)
    yield from check_data_folder()
    yield from check_sandbox(settings)
