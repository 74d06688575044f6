"""Errors of notifications."""


class DeliveryFailed(Exception):
    """The mail server or the SMS gateway did not accept the message. The text is a status, or a kind of error."""


class MessageRefused(DeliveryFailed):
    """The SMS gateway will never accept this message, because of its text or its phone number."""


class WebhooksUnusable(Exception):
    """The secret or the folder of webhooks cannot be used. The text says which one and why, and holds no secret."""
