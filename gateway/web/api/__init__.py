"""`/api/v1/`: the services for API clients that the academy trusts, with the use cases and refusals of the pages."""
