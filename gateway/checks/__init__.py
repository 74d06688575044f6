"""Checks of everything that the gateway depends on, with a hint for each finding.

`mamia check` prints all findings; `/health/ready` uses the checks without which nobody can be served. Checks change
nothing: rights to write are tested by deleting values that cannot exist (noSuchAttribute: allowed;
insufficientAccessRights: not allowed).
"""
