"""The stack with the sections that are off by default: mails, reminders, the helpdesk's pages, webhooks.

Their servers are on this machine, under the names that docker/mamia.toml has, with an authority of their own. Base
images are stand-ins (make-stand-ins).
"""

from __future__ import annotations

import json
import re
import ssl

import pytest

from gateway.demo.private_samba import HOST
from tests.support.agent_browser import PERSON, REASON, SEARCH, SIGN_IN, code_in
from tests.support.certificates import make_certificates
from tests.support.commented_sections import turned_on
from tests.support.container_stack import BASE_IMAGES, ROOT, ContainerStack
from tests.support.container_visitor import SITE, visitor
from tests.support.installed_program import page_commands
from tests.support.matching import first_match
from tests.support.polling import wait_until
from tests.support.smtp_server import SmtpServer
from tests.support.visitor_network import IPV4, NAMESPACE, ip, visitor_network
from tests.support.webhook_receiver import WebhookReceiverServer, receiving

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("containers")]
PAGE = ROOT / "docs/containers.md"
OUTSIDE = "10.99.41.11"
MAIL_HOST, RECEIVER, HELPDESK = "smtp.ac-example.fr", "evenements.ac-example.fr", "assistance@ac-example.fr"
NAMES = """services:
  web1: &outside
    extra_hosts: ["{mail}:{address}", "{receiver}:{address}"]
  web2: *outside
  worker: *outside
"""
WEB = ("web1", "web2")
SECTIONS = ("charter", "helpdesk", "recovery", "reminders")
LOGIN, OTHER, SOMEBODY = "fdurand", "jpetit", "mnguyen"
SOMEBODYS_NUMBER = "12E8234567JKL"
AGENT, AGENTS_NUMBER, AGENTS_MAIL, AGENTS_PASSWORD = (
    "amartin",
    "12E7834567GHI",
    "ana@exemple.org",
    "Agente-Du-Guichet-2031!",
)
WITHOUT_NUMBER = {"login": "zlefevre", "birth_date": "02/11/1990"}
NEW, OTHER_NEW = "Nouveau-Chez-Moi-2031!", "Encore-Un-Autre-2032!"


@pytest.fixture(scope="module")
def address():
    """One of this machine that containers reach."""
    ip("address", "add", f"{OUTSIDE}/32", "dev", "lo")
    yield OUTSIDE
    ip("address", "del", f"{OUTSIDE}/32", "dev", "lo")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("outside"), MAIL_HOST, RECEIVER)


@pytest.fixture(scope="module")
def tls(certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


@pytest.fixture(scope="module")
def mail_server(address, tls):
    one = SmtpServer(port=587, host=address, tls=tls)
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def receiver(address, tls):
    with receiving(WebhookReceiverServer(port=443, host=address, tls=tls)) as one:
        yield one


@pytest.fixture(scope="module")
def stack(address, certificates, mail_server, receiver, tmp_path_factory):
    """Started as the handbook says for these sections, with invented people."""
    folder = tmp_path_factory.mktemp("sections")
    made = ContainerStack(folder, HOST, "192.0.2.77")
    (folder / "names.yaml").write_text(NAMES.format(mail=MAIL_HOST, receiver=RECEIVER, address=address))
    trusting = made.docker / "mine.yaml"
    trusting.write_text(block_of_page("## Your own authority"))
    (made.docker / "authorities.pem").write_text(certificates.authority.read_text())
    made.more_files = (folder / "names.yaml", trusting)
    (made.docker / ".env").write_text(f'SECTIONS="{" ".join(SECTIONS)}"\n')
    turn_on_sections(made)
    made.run(BASE_IMAGES)
    made.remove()
    try:
        made.first_start("--sample")
        give_attributes(made, LOGIN, mail=f"{LOGIN}@ac-example.fr")
        give_attributes(made, OTHER, mail=f"{OTHER}@ac-example.fr")
        give_attributes(made, AGENT, privateMail=AGENTS_MAIL)
        yield made
    finally:
        made.remove()


def turn_on_sections(stack):
    """Remove the signs in mamia.toml. Visits of this machine have the bridge's address, so the agent's have."""
    file = stack.docker / "mamia.toml"
    text = turned_on(file.read_text(), "notifications", "reminders", "helpdesk", "webhooks")
    replaced = {
        "[people]\n": '[people]\nprivate_mail = "privateMail"\n',
        'agents_group = "cn=helpdesk,ou=groups,dc=ac-example,dc=fr"': f'agents_filter = "(uid={AGENT})"',
        '["10.1.2.0/24"]': '["172.30.41.1/32"]',
    }
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def block_of_page(section):
    """The block of YAML that a section of the handbook shows."""
    text = PAGE.read_text().partition(f"\n{section}\n")[2].partition("\n## ")[0]
    return first_match(r"(?s)```yaml\n(.*?)```", text)[1]


def give_attributes(stack, login, **values):
    """Let the directory's administrator replace attributes of somebody."""
    changes = "-\n".join(f"replace: {name}\n{name}: {value}\n" for name, value in values.items())
    entry = f"dn: uid={login},ou=people,$SUFFIX\nchangetype: modify\n{changes}"
    command = (
        'ldapmodify -x -H ldap://127.0.0.1:3890 -D "cn=admin,$SUFFIX" -y /run/secrets/directory_admin -e \\!relax'
    )
    stack.inside("directory", "sh", "-c", f"{command} <<END\n{entry}END\n")


def visit(stack):
    return visitor("127.0.0.1", stack.port, stack.certificate)


def findings(stack):
    done = stack.control("exec", stack.container("web1"), "sh", "-c", "mamia check --json || true")
    return json.loads(done[done.index("[\n") : done.rindex("]") + 1])


class TestCheck:
    def test_when_all_are_on_then_check_knows_servers_accounts_and_secrets_of_each(self, stack):
        found = {one["subject"]: one for one in findings(stack)}

        assert [one for one in found.values() if one["level"] == "FAIL"] == []


class TestReminders:
    """The tests of this class follow each other."""

    def test_when_somebody_is_due_then_the_web_services_send_what_the_service_put_into_the_spool(
        self, stack, mail_server
    ):
        give_initial_password(stack, LOGIN)

        said = remind(stack)

        assert "1 were reminded" in said
        assert mail_server.to(f"{LOGIN}@ac-example.fr")["From"]
        assert mail_server.to(HELPDESK)

    def test_when_it_runs_again_then_nobody_gets_a_second_mail(self, stack, mail_server):
        sent = len(mail_server.mails)

        said = remind(stack)

        assert "0 were reminded" in said
        wait_until(lambda: waiting_mails(stack) == [])
        assert len(mail_server.mails) == sent

    def test_when_no_web_service_runs_then_mails_wait_in_the_volume_until_one_does(self, stack, mail_server):
        give_initial_password(stack, OTHER)
        for name in WEB:
            stack.control("stop", "-t", "30", stack.container(name))

        said = remind(stack)

        assert "1 were reminded" in said
        for name in WEB:
            stack.control("start", stack.container(name))
        assert mail_server.to(f"{OTHER}@ac-example.fr")
        stack.wait_until_healthy()


def give_initial_password(stack, login):
    """Let somebody have had an initial password for longer than reminders.initial_after_days."""
    give_attributes(stack, login, pwdReset="TRUE", pwdChangedTime="20200101000000Z")


def remind(stack):
    """Run what the handbook's line for cron runs."""
    [line] = [one for one in page_commands(PAGE, "## Reminders") if " root cd " in one]
    command = line.partition(" && ")[2].replace("docker compose -f docker/compose.yaml", "$COMPOSE")
    return stack.run("sh", "-ec", command)


def waiting_mails(stack):
    return stack.inside("web1", "sh", "-c", "ls /var/lib/mamia/mails/new").split()


class TestHelpdesk:
    def test_when_an_agent_gives_a_code_through_the_proxy_then_it_takes_the_place_of_the_number(
        self, stack, mail_server
    ):
        agent = signed_in(stack, mail_server)
        searched = {"searched": WITHOUT_NUMBER["login"], "reason": REASON}
        found = agent.fill_in(SEARCH, searched)
        person = agent.send(SEARCH, found, {**searched, "person": WITHOUT_NUMBER["login"]})
        given = agent.send(PERSON, person, {"action": "give_code", "current_password": AGENTS_PASSWORD})
        code = first_match(r"[2-9A-Z]{5} [2-9A-Z]{5}", given.main).group()

        page = visit(stack).reset(WITHOUT_NUMBER["login"], code, WITHOUT_NUMBER["birth_date"], NEW)

        assert "/resultat/" in page.path, page.text
        again = visit(stack).open_ticket(WITHOUT_NUMBER["login"], code, WITHOUT_NUMBER["birth_date"])
        assert "ticket" not in again.fields
        audited = {(one["service"], one["outcome"]) for one in stack.audit_lines() if one.get("operator") == AGENT}
        assert ("helpdesk", "code_given") in audited

    def test_when_the_server_gives_a_code_then_the_site_takes_it(self, stack):
        command = f"mamia account {OTHER} give-code --reason 'Ticket 4712' --json"
        said = stack.inside("web2", "sh", "-c", command)
        code = json.loads(said[said.index("{") : said.rindex("}") + 1])["code"]

        page = visit(stack).reset(OTHER, code, "29/02/1988", OTHER_NEW)

        assert "/resultat/" in page.path, page.text

    def test_when_somebody_comes_from_another_network_then_there_is_no_such_page(self, stack):
        with visitor_network():
            inside = visit(stack).status_of(SIGN_IN)
            outside = status_for_a_visitor(stack, SIGN_IN)

        assert (inside, outside) == (200, 404)


def status_for_a_visitor(stack, path):
    """The status of a page for somebody whose address is not this machine's."""
    resolved = f"{SITE}:{stack.port}:{IPV4.hosts[0]}"
    ask = [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--cacert",
        stack.certificate,
        "--resolve",
        resolved,
    ]
    return int(stack.run("ip", "netns", "exec", NAMESPACE, *ask, f"https://{SITE}:{stack.port}{path}"))


def signed_in(stack, mail_server):
    """The agent's browser after both steps."""
    agent = visit(stack)
    assert "/resultat/" in agent.change(AGENT, AGENTS_NUMBER, AGENTS_PASSWORD).path
    wait_until(lambda: any(mail["To"] == AGENTS_MAIL for mail in mail_server.mails))
    told = len(mail_server.mails)
    asked = agent.fill_in(SIGN_IN, {"login": AGENT, "current_password": AGENTS_PASSWORD})
    wait_until(lambda: any(mail["To"] == AGENTS_MAIL for mail in mail_server.mails[told:]))
    agent.send(SIGN_IN, asked, {"code": code_in(mail_server, AGENTS_MAIL)})
    return agent


class TestWebhooks:
    def test_when_somebody_changes_then_the_receiver_gets_an_event_that_first_starts_secret_signed(
        self, stack, receiver
    ):
        receiver.got.clear()

        assert "/resultat/" in visit(stack).change(SOMEBODY, SOMEBODYS_NUMBER, NEW).path

        event = receiver.first("account.changed")
        assert event.event["data"]["login"] == SOMEBODY
        assert event.is_signed_by(stack.secrets()["webhook_secret"].decode())

    @pytest.mark.parametrize("service", [*WEB, "worker"])
    def test_when_a_service_starts_then_it_can_read_the_secret_and_write_its_folder(self, stack, service):
        folder = "/var/lib/mamia-sync/webhooks" if service == "worker" else "/var/lib/mamia/webhooks"

        owner = stack.inside(service, "stat", "-c", "%u %a", folder).split()

        assert owner == ["10002" if service == "worker" else "10001", "700"]
        assert re.match(r"whsec_", stack.inside(service, "cat", "/run/secrets/webhook_secret"))
