"""One server with two databases, and a replica that reads the second with an account of its own."""

from __future__ import annotations

import time
from pathlib import Path

from tests.support.debian_slapd import DebianSlapd, packaged_configuration
from tests.support.plain_slapd import PlainSlapd

SUFFIX = "dc=ac-mine,dc=fr"
OTHER_SUFFIX = "dc=lycees,dc=fr"
READER = f"cn=replique,ou=systeme,{SUFFIX}"
READER_PASSWORD = "Replique-2024"
DATABASE = "olcDatabase={2}mdb,cn=config"
OTHER_DATABASE = "olcDatabase={1}mdb,cn=config"
REPLICA_SECONDS = 60
REPLICA_RULE = f'to * by dn.exact="{READER}" read by * break'

OTHER = f"""
dn: {OTHER_DATABASE}
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{1}}mdb
olcSuffix: {OTHER_SUFFIX}
olcRootDN: cn=admin,{OTHER_SUFFIX}
olcRootPW: @PASSWORD@
olcDbDirectory: @STATE@/second
olcDbMaxSize: 67108864
olcDbIndex: objectClass eq
olcAccess: to attrs=userPassword by self write by anonymous auth by * none
olcAccess: to * by * read

# The database definition.
dn: olcDatabase=mdb,cn=config"""
PROVIDER = f"""
dn: olcOverlay=syncprov,{DATABASE}
objectClass: olcOverlayConfig
objectClass: olcSyncProvConfig
olcOverlay: syncprov
"""


class TwoSuffixes(DebianSlapd):
    """The provider: {1}mdb belongs to another application, {2}mdb holds people and is copied by `Replica`."""

    suffix = SUFFIX
    database = DATABASE

    def configuration(self) -> str:
        text = packaged_configuration(self.suffix)
        place = "\n# The database definition.\ndn: olcDatabase=mdb,cn=config"
        assert place in text
        text = text.replace(place, OTHER)
        text = text.replace("olcModuleLoad: back_mdb", "olcModuleLoad: back_mdb\nolcModuleLoad: syncprov")
        text = text.replace(
            "olcAccess: to attrs=userPassword\n", f"olcAccess: {REPLICA_RULE}\nolcAccess: to attrs=userPassword\n"
        )
        limits = f'olcLimits: dn.exact="{READER}" size=unlimited time=unlimited\nolcDbIndex: entryCSN,entryUUID eq\n'
        text = text.replace("olcDbIndex: cn,uid eq\n", "olcDbIndex: cn,uid eq\n" + limits)
        return text.rstrip("\n") + "\n" + PROVIDER

    def fill(self) -> None:
        super().fill()
        self.add(f"ou=systeme,{SUFFIX}", objectClass="organizationalUnit", ou="systeme")
        self.add(
            READER,
            objectClass=["organizationalRole", "simpleSecurityObject"],
            cn="replique",
            userPassword=READER_PASSWORD,
        )

        self._fill_other()

    def _fill_other(self) -> None:
        with self.as_account(f"cn=admin,{OTHER_SUFFIX}", self.slapd.password("admin")) as connection:
            values = [("objectClass", [b"dcObject", b"organization"]), ("dc", [b"lycees"]), ("o", [b"lycees"])]
            connection.add_s(OTHER_SUFFIX, values)


class Replica(PlainSlapd):
    """The consumer of a `TwoSuffixes`, in {1}mdb, with Debian's rules."""

    suffix = SUFFIX

    def __init__(self, state: Path, provider: TwoSuffixes) -> None:
        self.provider = provider
        super().__init__(state)
        self.wait_until_it_holds(provider.dn("fdurand"))

    def configuration(self) -> str:
        text = packaged_configuration(self.suffix)
        place = "olcDbIndex: cn,uid eq\n"
        syncrepl = (
            f'olcSyncrepl: rid=001 provider={self.provider.url} searchbase="{SUFFIX}" type=refreshAndPersist'
            f' retry="1 +" bindmethod=simple binddn="{READER}" credentials="{READER_PASSWORD}"\n'
            f"olcUpdateRef: {self.provider.url}\nolcDbIndex: entryCSN,entryUUID eq\n"
        )
        assert place in text
        return text.replace(place, place + syncrepl)

    def wait_until_it_holds(self, dn: str, attribute: str = "objectClass") -> None:
        """Wait until the copy of `dn` has `attribute`."""
        deadline = time.monotonic() + REPLICA_SECONDS
        while attribute not in self.read(dn):
            assert time.monotonic() < deadline, f"{dn} has no {attribute} after {REPLICA_SECONDS} s"
            time.sleep(0.05)
