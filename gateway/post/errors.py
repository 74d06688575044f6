"""What can go wrong with messages."""


class NotSent(Exception):
    """The service or server did not take the message."""
