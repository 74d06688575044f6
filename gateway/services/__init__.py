"""The services, with one order of events for every entry point: rate limit, use case, audit, notification, outcome.

A service takes a request and the facts of its caller, and returns a typed outcome. Pages render the outcome, the API
serialises it, and commands print it. None of these counts attempts, writes the audit or sends mails.
"""
