"""What happens to a password on its way to the workstation. No LDAP, no settings: promises in `ports`."""
