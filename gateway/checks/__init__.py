"""Whether everything that the gateway stands on is as it must be, and how to fix what is not.

`mamia check` prints all of it; `/health/ready` asks for the part without which nobody can be served. Nothing here
changes anything: rights to write are tried by deleting values that cannot exist (noSuchAttribute: allowed;
insufficientAccessRights: not).
"""
