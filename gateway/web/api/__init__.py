"""`/api/v1/`: the services for portals that the academy trusts, with the pages' own use cases and refusals."""
