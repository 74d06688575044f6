"""Mistakes with the store of counts and used tickets, each planted in a real Redis."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack, suppress

import pytest
import redis as redis_client
from redis.exceptions import RedisError

from gateway.checks.events import check_events
from gateway.checks.finding import Level
from gateway.checks.store import check_store
from gateway.checks.store_memory import check_store_memory, check_store_persistence
from tests.support.certificates import make_certificates
from tests.support.planted_machine import PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.tls_proxy import tls_proxy

GOOD = {"maxmemory": str(256 << 20), "maxmemory-policy": "noeviction", "appendonly": "yes", "save": ""}
OPTIONS = {**GOOD, "enable-debug-command": "yes", "databases": "16"}


class PlantedStore(PlantedMachine):
    """A Redis that runs during all mistakes."""

    def __init__(self, folder, redis):
        (folder / "machine").mkdir()
        super().__init__(
            folder / "machine", rate_limits={"store": redis.url, "allow_plain_text_over_the_network": True}
        )
        self.redis = redis
        self.admin = redis_client.Redis.from_url(redis.url)

    def store(self, url):
        self.set("rate_limits", store=url)

    def config(self, **values):
        for name, value in values.items():
            self.admin.config_set(name.replace("_", "-"), value)

    def run(self, *command):
        """The hints' redis-cli is this connection: the tool itself is not installed everywhere."""
        if command[0] == "redis-cli":
            self.admin.execute_command(*command[1:])
        else:
            super().run(*command)

    def url(self, before="", database="0", scheme="redis", port=None):
        return f"{scheme}://{before}127.0.0.1:{port or self.redis.port}/{database}"

    def another(self, **options):
        """A Redis with other options, which ends with the mistake."""
        other = RedisServer(self.made("another"), options={**OPTIONS, **options})
        self.later(lambda: end(other))
        return other

    def restore(self):
        with suppress(RedisError):
            self.admin.execute_command("REPLICAOF", "NO", "ONE")
        self.admin.execute_command("ACL", "SETUSER", "default", "on", "nopass", "allkeys", "+@all")
        self.admin.execute_command("ACL", "DELUSER", "gateway")
        self.config(**GOOD, min_replicas_to_write=0, requirepass="", maxclients=1000)
        super().restore()


def store(place):
    return [check_store(place.settings)]


def memory(place):
    return check_store_memory(place.settings)


def persistence(place):
    return check_store_persistence(place.settings)


def events(place):
    place.set("events", keep_days=30)
    return check_events(place.settings)


def down(place):
    other = place.another()
    place.other = other
    place.store(other.url)


def ask_for_password(place):
    place.admin.config_set("requirepass", "a-password")


def restricted_user(place):
    place.admin.execute_command(
        "ACL", "SETUSER", "gateway", "on", ">pw", "~*", "+@read", "+ping", "+hello", "+select"
    )
    place.store(place.url("gateway:pw@"))


def apply_acl_hint(place):
    [finding] = store(place)
    [command] = re.findall(r"redis-cli (ACL SETUSER .*?), and", finding.hint)
    place.admin.execute_command(*command.split())


def end(redis):
    """End a Redis that could not save its data, and so would not stop when asked to."""
    if redis._process:
        redis._process.kill()
        redis._process.wait()


def protected(place):
    """A store without a password that other machines can reach; this one comes by an address that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.200", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address = line.getsockname()[0]
    other = place.another(bind="0.0.0.0", **{"protected-mode": "yes"})
    other.start()
    place.other = redis_client.Redis.from_url(other.url)
    place.from_elsewhere = lambda before="": f"redis://{before}{address}:{other.port}/0"
    place.store(place.from_elsewhere())


def no_free_connection(place):
    other = place.another(maxclients="1")
    other.start()
    place.store(other.url)
    place.other = redis_client.Redis.from_url(other.url, single_connection_client=True)
    place.later(place.other.close)


def full_disk(place):
    """The next copy finds no room, and Redis refuses writes from then on."""
    other = RedisServer(place.small_disk("disk", "1m"), options={**OPTIONS, "appendonly": "no", "save": "3600 1"})
    other.start()
    place.later(lambda: end(other))
    client = redis_client.Redis.from_url(other.url)
    client.set("key", "x" * 2000)
    with suppress(OSError):
        (other.folder / "filling").write_bytes(b"x" * (2 << 20))
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    place.other = other
    place.store(other.url)


def make_room(place):
    (place.other.folder / "filling").unlink()
    client = redis_client.Redis.from_url(place.other.url)
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "ok")


def loading(place):
    """A Redis with many keys, each of which takes a while at the next start."""
    other = place.another(appendonly="no")
    other.start()
    with (
        redis_client.Redis.from_url(other.url) as client,
        client.pipeline(transaction=False) as pipeline,
    ):
        for number in range(1000):
            pipeline.set(f"key{number}", "x" * 100)
        pipeline.save()
        pipeline.execute()
    other.stop()
    other.options.update({"key-load-delay": "5000", "loading-process-events-interval-bytes": "1024"})
    _start_loading(other)
    place.other = other
    place.store(other.url)


def _start_loading(other):
    class Accepting(RedisServer):
        def _answers(self):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
            except OSError:
                return False
            return True

    started = Accepting(other.folder, other.port, other.options)
    started.start()
    other._process = started._process


def loaded(place):
    client = redis_client.Redis.from_url(place.other.url)
    client.config_set("key-load-delay", "0")
    wait_until(lambda: client.info("persistence")["loading"] == 0)


def tls_of(place, folder):
    made = make_certificates(place.made(folder), "localhost")
    return made, place_tls(place, made)


def place_tls(place, made):
    stack = ExitStack()
    port = stack.enter_context(tls_proxy(made, place.redis.port))
    place.later(stack.close)
    return port


def unknown_authority(place):
    made, port = tls_of(place, "tls")
    place.made_certificates = made
    place.store(f"rediss://localhost:{port}/0")


def trust_authority(place):
    place.environment.setenv("SSL_CERT_FILE", str(place.made_certificates.authority))


def plain_url_to_tls(place):
    made, port = tls_of(place, "tls")
    place.environment.setenv("SSL_CERT_FILE", str(made.authority))
    place.tls_port = port
    place.store(f"redis://localhost:{port}/0")


MISTAKES = (
    Mistake(
        name="stopped",
        plant=down,
        subject="rate_limits.store",
        message=["no program listens"],
        hint=["systemctl start redis-server", "503"],
        fix=lambda place: place.other.start(),
        check=store,
    ),
    Mistake(
        name="password missing",
        plant=ask_for_password,
        subject="rate_limits.store",
        message=["asks for a password"],
        hint=["redis://:PASSWORD@"],
        fix=lambda place: place.store(place.url(":a-password@")),
        check=store,
    ),
    Mistake(
        name="password wrong",
        plant=lambda place: (ask_for_password(place), place.store(place.url(":another@"))),
        subject="rate_limits.store",
        message=["refuses the user or the password"],
        hint=["requirepass in redis.conf"],
        fix=lambda place: place.store(place.url(":a-password@")),
        check=store,
    ),
    Mistake(
        name="user unknown",
        plant=lambda place: place.store(place.url("nobody:pw@")),
        subject="rate_limits.store",
        message=["refuses the user or the password"],
        hint=["ACL LIST"],
        fix=lambda place: place.admin.execute_command("ACL", "SETUSER", "nobody", "on", ">pw", "~*", "+@all"),
        check=store,
    ),
    Mistake(
        name="user without rights",
        plant=restricted_user,
        subject="rate_limits.store",
        message=["may not run the commands"],
        hint=["ACL SETUSER gateway"],
        fix=apply_acl_hint,
        check=store,
    ),
    Mistake(
        name="user without the keys",
        plant=lambda place: (
            place.admin.execute_command("ACL", "SETUSER", "gateway", "on", ">pw", "~other:*", "+@all"),
            place.store(place.url("gateway:pw@")),
        ),
        subject="rate_limits.store",
        message=["may not run the commands"],
        hint=["~mamia:* ~LIMITS:*"],
        fix=apply_acl_hint,
        check=store,
    ),
    Mistake(
        name="read-only replica",
        plant=lambda place: place.admin.execute_command("REPLICAOF", "127.0.0.1", free_port()),
        subject="rate_limits.store",
        message=["read-only replica"],
        hint=["redis-cli REPLICAOF NO ONE"],
        fix=lambda place: place.run("redis-cli", "REPLICAOF", "NO", "ONE"),
        check=store,
    ),
    Mistake(
        name="replica without its primary",
        plant=lambda place: (
            place.admin.execute_command("REPLICAOF", "127.0.0.1", free_port()),
            place.config(replica_serve_stale_data="no"),
        ),
        subject="rate_limits.store",
        message=["lost its primary"],
        hint=["name the primary"],
        fix=lambda place: place.admin.execute_command("REPLICAOF", "NO", "ONE"),
        check=store,
    ),
    Mistake(
        name="too few replicas",
        plant=lambda place: place.config(min_replicas_to_write="2"),
        subject="rate_limits.store",
        message=["min-replicas-to-write"],
        hint=["lower min-replicas-to-write"],
        fix=lambda place: place.config(min_replicas_to_write="0"),
        check=store,
    ),
    Mistake(
        name="full",
        plant=lambda place: place.config(maxmemory="1"),
        subject="rate_limits.store",
        message=["is full"],
        hint=["redis-cli CONFIG SET maxmemory 512mb"],
        fix=lambda place: place.run("redis-cli", "CONFIG", "SET", "maxmemory", "512mb"),
        check=store,
    ),
    Mistake(
        name="evicts",
        plant=lambda place: place.config(maxmemory_policy="allkeys-lru"),
        subject="rate_limits.store: memory",
        message=["accepts used tickets again"],
        hint=["maxmemory-policy noeviction"],
        fix=lambda place: place.config(maxmemory_policy="noeviction"),
        check=memory,
    ),
    Mistake(
        name="user who may not read the memory",
        plant=lambda place: place.admin.execute_command("ACL", "SETUSER", "default", "-info"),
        level=Level.WARN,
        subject="rate_limits.store: memory",
        message=["it can't be read"],
        hint=["redis-cli ACL SETUSER default +info +dbsize"],
        fix=lambda place: place.run("redis-cli", "ACL", "SETUSER", "default", "+info", "+dbsize"),
        check=memory,
    ),
    Mistake(
        name="user who may not keep events",
        plant=lambda place: (
            place.admin.execute_command("ACL", "SETUSER", "gateway", "on", ">pw", "~mamia:*", "+@all", "-lpush"),
            place.store(place.url("gateway:pw@")),
        ),
        subject="events.keep_days",
        message=["events are in the audit only"],
        hint=["redis-cli ACL SETUSER gateway ~mamia:* +@all -@dangerous +info"],
        fix=lambda place: place.run(
            "redis-cli", "ACL", "SETUSER", "gateway", "~mamia:*", "+@all", "-@dangerous", "+info"
        ),
        check=events,
    ),
    Mistake(
        name="events in the memory of a process",
        plant=lambda place: place.store("memory://"),
        level=Level.WARN,
        subject="events.keep_days",
        message=["a restart loses them"],
        hint=["rate_limits.store: a redis:// URL"],
        fix=lambda place: place.store(place.url()),
        check=events,
    ),
    Mistake(
        name="no limit of memory",
        plant=lambda place: place.config(maxmemory="0"),
        level=Level.WARN,
        subject="rate_limits.store: memory",
        message=["maxmemory is 0"],
        hint=["maxmemory 256mb"],
        fix=lambda place: place.config(maxmemory="256mb"),
        check=memory,
    ),
    Mistake(
        name="forgets at a restart",
        plant=lambda place: place.config(appendonly="no", save=""),
        level=Level.WARN,
        subject="rate_limits.store: persistence",
        message=["used tickets are accepted again"],
        hint=["redis-cli CONFIG SET appendonly yes"],
        fix=lambda place: place.run("redis-cli", "CONFIG", "SET", "appendonly", "yes"),
        check=persistence,
    ),
    Mistake(
        name="copies only",
        plant=lambda place: place.config(appendonly="no", save="3600 1"),
        level=Level.WARN,
        subject="rate_limits.store: persistence",
        message=["lost at a crash"],
        hint=["appendonly yes"],
        fix=lambda place: place.config(appendonly="yes"),
        check=persistence,
    ),
    Mistake(
        name="database out of range",
        plant=lambda place: place.store(place.url(database="99")),
        subject="rate_limits.store",
        message=["no database with the number"],
        hint=["end rate_limits.store in /0"],
        fix=lambda place: place.store(place.url()),
        check=store,
    ),
    Mistake(
        name="database is a name",
        plant=lambda place: place.store(place.url(database="mamia")),
        level=Level.WARN,
        subject="rate_limits.store",
        message=["/mamia"],
        hint=["/0"],
        fix=lambda place: place.store(place.url()),
        check=store,
    ),
    Mistake(
        name="name unknown",
        plant=lambda place: place.store("redis://store.invalid/0"),
        subject="rate_limits.store",
        message=["store.invalid is unknown"],
        hint=["correct the name"],
        fix=lambda place: place.store(place.url()),
        check=store,
    ),
    Mistake(
        name="name with an empty part",
        plant=lambda place: place.store("redis://store..test/0"),
        subject="rate_limits.store",
        message=["store..test is no host name"],
        hint=["correct the name"],
        fix=lambda place: place.store(place.url()),
        check=store,
    ),
    Mistake(
        name="TLS at a store without TLS",
        plant=lambda place: place.store(place.url(scheme="rediss")),
        subject="rate_limits.store",
        message=["does not answer in TLS"],
        hint=["redis:// in rate_limits.store"],
        fix=lambda place: place.store(place.url()),
        check=store,
    ),
    Mistake(
        name="no TLS at a store with TLS",
        plant=plain_url_to_tls,
        subject="rate_limits.store",
        message=["closes the connection"],
        hint=["rediss:// in rate_limits.store"],
        fix=lambda place: place.store(f"rediss://localhost:{place.tls_port}/0"),
        check=store,
    ),
    Mistake(
        name="authority unknown",
        plant=unknown_authority,
        subject="rate_limits.store",
        message=["certificate is refused"],
        hint=["the system must trust its authority"],
        fix=trust_authority,
        check=store,
    ),
    Mistake(
        name="disk full",
        plant=full_disk,
        subject="rate_limits.store",
        message=["can't write to its disk"],
        hint=["make room", "redis-cli BGSAVE"],
        fix=make_room,
        check=store,
    ),
    Mistake(
        name="still loading",
        plant=loading,
        subject="rate_limits.store",
        message=["still loading"],
        hint=["wait until it has loaded"],
        fix=loaded,
        check=store,
    ),
    Mistake(
        name="protected mode",
        plant=protected,
        subject="rate_limits.store",
        message=["protected mode"],
        hint=["requirepass in redis.conf"],
        fix=lambda place: (place.other.config_set("requirepass", "pw"), place.store(place.from_elsewhere(":pw@"))),
        check=store,
    ),
    Mistake(
        name="socket missing",
        plant=lambda place: place.store(f"redis+unix://{place.folder}/redis.sock"),
        subject="rate_limits.store",
        message=["redis.sock can't be opened"],
        hint=["unixsocket", "redis.conf"],
        fix=lambda place: place.another(unixsocket=place.folder / "redis.sock", unixsocketperm="770").start(),
        check=store,
    ),
    Mistake(
        name="no free connection",
        plant=no_free_connection,
        subject="rate_limits.store",
        message=["no free connection"],
        hint=["raise maxclients"],
        fix=lambda place: place.other.config_set("maxclients", "100"),
        check=store,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    redis = RedisServer(folder, options=OPTIONS)
    redis.start()
    yield PlantedStore(folder, redis)
    redis.stop()


def test_when_nothing_is_wrong_then_nothing_is_found_and_only_keys_of_the_check_are_left(place):
    assert problems([*store(place), *memory(place), *persistence(place), *events(place)]) == []
    assert all(
        key.startswith(b"mamia:limit:check:") and place.admin.pttl(key) <= 2000 for key in place.admin.scan_iter()
    )


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
