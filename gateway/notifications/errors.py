"""Errors of notifications."""


class DeliveryFailed(Exception):
    """The mail server or the SMS gateway did not accept the message."""


class WebhooksUnusable(Exception):
    """The secret or the folder of webhooks cannot be used. The text says which one and why, and holds no secret."""
