"""A directory with SupAnn's schema, and a policy overlay, policies, rules, limits and groups of its own."""

from __future__ import annotations

from pathlib import Path

from gateway.demo.private_slapd import _ssha
from tests.support.plain_slapd import PASSWORD, PlainSlapd

SCHEMA = Path(__file__).parents[1] / "directory" / "supann.ldif"
SUFFIX = "dc=univ-example,dc=fr"
PEOPLE = f"ou=personnels,{SUFFIX}"
POLICIES = f"ou=ppolicies,{SUFFIX}"
GROUPS = f"ou=groupes,{SUFFIX}"
DATABASE = "olcDatabase={2}mdb,cn=config"
APPLICATION = f"cn=portail,ou=comptes,{SUFFIX}"
APPLICATION_PASSWORD = "Portail-2024"
RULES = (
    f'to attrs=userPassword by dn.exact="{APPLICATION}" =w by self =xw by anonymous auth by * none',
    f'to dn.subtree="{POLICIES}" by users read by * none',
    f'to attrs=supannRefId by dn.exact="{APPLICATION}" read by * none',
    "to * by users read by anonymous auth",
)
"""The rules of its own, without numbers."""

CONFIGURATION = f"""\
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: @STATE@/slapd.pid
olcArgsFile: @STATE@/slapd.args

dn: cn=module{{0}},cn=config
objectClass: olcModuleList
cn: module{{0}}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: memberof

dn: cn=module{{1}},cn=config
objectClass: olcModuleList
cn: module{{1}}
olcModulePath: /usr/lib/ldap
olcModuleLoad: ppolicy.la

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif

include: file:///etc/ldap/schema/cosine.ldif

include: file:///etc/ldap/schema/nis.ldif

include: file:///etc/ldap/schema/inetorgperson.ldif

@SUPANN@

dn: olcDatabase={{-1}}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {{-1}}frontend
olcPasswordHash: {{SSHA}}
olcAccess: to dn.base="" by * read
olcAccess: to dn.base="cn=Subschema" by * read

dn: olcDatabase={{0}}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {{0}}config
olcRootDN: cn=admin,cn=config
olcRootPW: @PASSWORD@
olcAccess: to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage by * break

dn: olcDatabase={{1}}monitor,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {{1}}monitor
olcAccess: to * by dn.exact="cn=admin,{SUFFIX}" read by * none

dn: {DATABASE}
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{2}}mdb
olcSuffix: {SUFFIX}
olcRootDN: cn=admin,{SUFFIX}
olcRootPW: @PASSWORD@
olcDbDirectory: @STATE@/data
olcDbMaxSize: 67108864
olcDbIndex: objectClass eq
olcDbIndex: entryUUID,entryCSN eq
olcDbIndex: uid,supannAliasLogin eq
olcDbIndex: sn,mail pres,eq,sub
olcLimits: dn.exact="{APPLICATION}" size=unlimited time=unlimited
{"".join(f"olcAccess: {rule}" + chr(10) for rule in RULES)}
dn: olcOverlay={{0}}memberof,{DATABASE}
objectClass: olcOverlayConfig
objectClass: olcMemberOfConfig
olcOverlay: {{0}}memberof

dn: olcOverlay={{1}}ppolicy,{DATABASE}
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: {{1}}ppolicy
olcPPolicyDefault: cn=standard,{POLICIES}
"""


class SupannSlapd(PlainSlapd):
    """Everybody's policy is cn=standard,ou=ppolicies; passwords that arrive in plain text are stored so."""

    suffix = SUFFIX
    people = PEOPLE
    database = DATABASE

    def configuration(self) -> str:
        schema = SCHEMA.read_text().split("\n\n")[0]
        lines = [line for line in schema.splitlines() if not line.startswith(("#", "changetype"))]
        return CONFIGURATION.replace("@SUPANN@", "\n".join(lines))

    def fill(self) -> None:
        self.add(SUFFIX, objectClass=["dcObject", "organization"], dc="univ-example", o="Université d’Exemple")
        for dn in (PEOPLE, POLICIES, GROUPS, f"ou=comptes,{SUFFIX}"):
            self.add(dn, objectClass="organizationalUnit", ou=dn.partition(",")[0].removeprefix("ou="))
        self.add(
            f"cn=standard,{POLICIES}",
            objectClass=["device", "pwdPolicy"],
            cn="standard",
            pwdAttribute="userPassword",
            pwdInHistory="3",
            pwdMinLength="10",
            pwdCheckQuality="1",
            pwdLockout="TRUE",
            pwdMaxFailure="8",
            pwdLockoutDuration="600",
            pwdSafeModify="FALSE",
            pwdAllowUserChange="TRUE",
        )
        self.add(
            APPLICATION,
            objectClass=["organizationalRole", "simpleSecurityObject"],
            cn="portail",
            userPassword=_ssha(APPLICATION_PASSWORD),
        )
        self.add_person("p4711", "smoreau01", "Sophie", "Moreau", "1980-06-15", "{NUMEN}12E8534567ABC")
        self.add_person("p4712", "nroux", "Noé", "Roux", "1990-01-02", "{NUMEN}12E8534569ABE")
        self.add_person("e0001", "letudiant", "Luc", "Etudiant", "1980-06-15", "", affiliation="student")
        self.add(f"cn=admins,{GROUPS}", objectClass="groupOfNames", cn="admins", member=[self.dn("p4712")])

    def dn(self, uid: str) -> str:
        return f"uid={uid},{PEOPLE}"

    def add_person(
        self,
        uid: str,
        login: str,
        given_name: str,
        surname: str,
        born: str,
        number: str,
        *,
        affiliation: str = "staff",
    ) -> str:
        """Somebody as SupAnn describes people, with a birth date as YYYY-MM-DD."""
        more: dict[str, str | list[str]] = {"supannRefId": number} if number else {}
        return self.add(
            self.dn(uid),
            objectClass=["inetOrgPerson", "eduPerson", "supannPerson"],
            uid=uid,
            cn=f"{given_name} {surname}",
            sn=surname,
            givenName=given_name,
            supannPrenomsEtatCivil=given_name,
            supannAliasLogin=login,
            supannMailPro=f"{login}@univ-example.fr",
            mail=f"{login}@univ-example.fr",
            supannOIDCDatedeNaissance=born,
            eduPersonAffiliation=affiliation,
            userPassword=_ssha(PASSWORD),
            **more,
        )
