"""What a stolen password of a service account finds at most, and that the account's own work goes on."""

from __future__ import annotations

from contextlib import closing

import ldap
import pytest
from ldap.controls import SimplePagedResultsControl
from pydantic import SecretStr

from gateway.checks.finding import Level
from gateway.checks.outbox import check_outbox
from gateway.checks.servers import check_servers
from gateway.demo.private_slapd import CAPTURE, CAPTURE_ACCOUNT_FILE
from gateway.directory.failover import LdapServers
from gateway.directory.outbox import LdapOutbox
from gateway.directory.pool import ConnectionPool
from gateway.settings.service_accounts import bound_as
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import BIRTH_DATE, PEOPLE, QUICK_HASH, SUFFIX, SlapdServer
from tests.support.upgraded_slapd import UPGRADE_OF_CAPTURE, SlapdBefore

PEOPLE_COUNT = 600
EVERYBODY = "(objectClass=mamiaPerson)"
LIMIT_OF_MIRROR = (
    "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcLimits\n"
    f'olcLimits: {{0}}dn.exact="cn=replicator,ou=services,{SUFFIX}" size=unlimited time=unlimited\n'
)
"""As 91-mirror.ldif has it."""


def make_directory(folder, kind, version):
    """With the listener's account and 600 people for whom something waits."""
    academy = kind(folder / "slapd", hash_cost=QUICK_HASH)
    academy.load(
        "".join(
            f"dn: uid=p{n},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: mamiaPerson\nuid: p{n}\ncn: P {n}\n"
            f"sn: P\nbirthDate: {BIRTH_DATE}\nnumen: {BIRTH_DATE}\n"
            f"temporaryAgentNumber: {BIRTH_DATE}\nmamiaPendingSecret: sealed\nmamiaSyncState: pending\n\n"
            for n in range(PEOPLE_COUNT)
        )
    )
    slapd, socket = academy.slapd, folder / "s"
    if version == "new":
        slapd.report_writes_to(socket)
        return academy
    slapd.password_file(CAPTURE).write_text("Mot-De-Passe-capture")
    academy.load_before(CAPTURE_ACCOUNT_FILE, CAPTURE_PASSWORD=slapd.password(CAPTURE))
    academy.load_before("93-capture.ldif", CAPTURE_SOCKET=str(socket))
    if version == "upgraded pair":
        academy.load(LIMIT_OF_MIRROR, as_config=True)
    if version != "before":
        academy.bring_up_to_date()
        academy.upgrade(UPGRADE_OF_CAPTURE, CAPTURE_SOCKET=str(socket))
    if version == "upgraded pair":
        academy.restart()
    return academy


@pytest.fixture(scope="module", params=["new", "upgraded", "upgraded pair"])
def bounded(request, tmp_path_factory):
    kind = SlapdServer if request.param == "new" else SlapdBefore
    academy = make_directory(tmp_path_factory.mktemp("bounded"), kind, request.param)
    yield academy
    academy.slapd.stop()


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    academy = make_directory(tmp_path_factory.mktemp("before"), SlapdBefore, "before")
    yield academy
    academy.slapd.stop()


def found(academy, account, filter_, *, page_size=0):
    """How many entries a search without a limit of its own comes to, page by page where `page_size` is given."""
    count, cookie = 0, ""
    with academy.as_service(account) as line:
        while True:
            pages = [SimplePagedResultsControl(True, size=page_size, cookie=cookie)] if page_size else []
            message = line.search_ext(PEOPLE, ldap.SCOPE_SUBTREE, filter_, ["1.1"], serverctrls=pages)
            try:
                while True:
                    kind, entries, _, controls = line.result3(message, all=0)
                    if kind == ldap.RES_SEARCH_RESULT:
                        break
                    count += len(entries)
            except (ldap.SIZELIMIT_EXCEEDED, ldap.ADMINLIMIT_EXCEEDED):
                return count
            cookie = controls[0].cookie if controls else ""
            if not cookie:
                return count


class TestSearch:
    @pytest.mark.parametrize(
        ("account", "page_size", "most"),
        [("gateway", 0, 500), ("gateway", 100, 0), ("sync", 0, 2), ("capture", 0, 2), ("capture", 100, 0)],
    )
    def test_when_everybody_is_asked_for_then_the_account_finds_no_more_than_it_needs(
        self, bounded, account, page_size, most
    ):
        assert found(bounded, account, EVERYBODY, page_size=page_size) == most


class TestProof:
    @pytest.mark.parametrize("attribute", ["birthDate", "numen", "temporaryAgentNumber"])
    @pytest.mark.parametrize("account", ["sync", "capture"])
    def test_when_worker_or_listener_asks_for_it_then_it_is_neither_read_nor_found_nor_compared(
        self, bounded, account, attribute
    ):
        dn = bounded.dn("p0")
        with bounded.as_service(account) as line:
            assert line.search_s(dn, ldap.SCOPE_BASE, attrlist=[attribute]) == [(dn, {})]
            assert line.search_s(PEOPLE, ldap.SCOPE_SUBTREE, f"(&(uid=p0)({attribute}={BIRTH_DATE}))", ["1.1"]) == []
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.compare_s(dn, attribute, BIRTH_DATE.encode())


class TestOutbox:
    def test_when_more_waits_than_one_page_holds_then_the_worker_reads_all_of_it(self, bounded):
        directory = workers_directory(bounded)
        with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
            assert len(list(LdapOutbox(pool, settings_for(bounded).people).waiting())) == PEOPLE_COUNT


def workers_directory(academy):
    password = SecretStr(academy.slapd.password("sync"))
    return bound_as(settings_for(academy).directory, f"cn=sync,ou=services,{SUFFIX}", password)


def with_worker(academy, folder):
    file = folder / "sync.password"
    file.write_text(academy.slapd.password("sync"))
    return settings_for(
        academy,
        workstation={
            "targets": {"poste": {"type": "samba_nt"}},
            "bind_dn": f"cn=sync,ou=services,{SUFFIX}",
            "bind_password_file": file,
        },
    )


def about(findings, what):
    [finding] = [finding for finding in findings if finding.subject.endswith(what)]
    return finding


class TestCheck:
    @pytest.mark.parametrize(
        ("check", "what", "reported"),
        [
            (check_servers, ": search limits", "page by page"),
            (check_outbox, "search limits of the worker", "more than 2 people"),
        ],
    )
    def test_when_the_directory_is_of_the_version_before_then_it_names_the_missing_limits(
        self, before, tmp_path, check, what, reported
    ):
        finding = about(check(with_worker(before, tmp_path)), what)

        assert finding.level is Level.WARN
        assert reported in finding.message
        assert "upgrade/30-access.ldif" in finding.hint

    @pytest.mark.parametrize(
        ("check", "what"), [(check_servers, ": search limits"), (check_outbox, "search limits of the worker")]
    )
    def test_when_the_limits_are_there_then_it_is_ok(self, bounded, tmp_path, check, what):
        assert about(check(with_worker(bounded, tmp_path)), what).level is Level.OK
