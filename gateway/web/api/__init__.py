"""`/api/v1/`: the services for API clients that the academy trusts, with the pages' own use cases and refusals."""
