"""Configuration files of the private domain controller: smb.conf, krb5.conf, and the folders that they name."""

from __future__ import annotations

from pathlib import Path

FOLDERS = "etc private state cache lock run ncalrpc bind-dns ntp tls sysvol/ad.example.test/scripts"

CONFIG = """[global]
    workgroup = {domain}
    realm = {realm}
    netbios name = DC1
    server role = active directory domain controller
    interfaces = {ip}/8
    bind interfaces only = yes
    server services = s3fs rpc ldap cldap kdc winbindd
    disable netbios = yes
    smb ports = 445
    rpc server dynamic port range = 50000-50100
    prefork children = 1
    private dir = {folder}/private
    state directory = {folder}/state
    cache directory = {folder}/cache
    lock directory = {folder}/lock
    pid directory = {folder}/run
    ncalrpc dir = {folder}/ncalrpc
    binddns dir = {folder}/bind-dns
    ntp signd socket directory = {folder}/ntp
    usershare path =
    load printers = no
    printing = bsd
    printcap name = /dev/null
    disable spoolss = yes
    log level = 1
    tls keyfile = {folder}/tls/key.pem
    tls certfile = {folder}/tls/cert.pem
    tls cafile = {folder}/tls/ca.pem
    ldap server require strong auth = yes
    old password allowed period = 0
[sysvol]
    path = {folder}/sysvol
    read only = no
[netlogon]
    path = {folder}/sysvol/ad.example.test/scripts
    read only = no
"""
KRB5 = """[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {realm} = {{
  kdc = {ip}
  kpasswd_server = {ip}
 }}
"""


def write_configuration(folder: Path, ip: str, *, realm: str, domain: str) -> None:
    """Write both files below `folder`, for a domain controller that listens at `ip`."""
    for name in FOLDERS.split():
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "etc" / "smb.conf").write_text(CONFIG.format(folder=folder, ip=ip, realm=realm, domain=domain))
    (folder / "etc" / "krb5.conf").write_text(KRB5.format(ip=ip, realm=realm))
