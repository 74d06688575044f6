"""One order of events for every entry point: rate limit → use case → audit → notification → outcome.

A service takes a request and the facts of its caller, and returns a typed outcome. Pages render it, the API
serialises it, commands print it; none of them counts, audits or sends mails itself.
"""
