"""Errors of notifications."""


class DeliveryFailed(Exception):
    """The mail server or the SMS gateway did not accept the message."""
