"""What can go wrong with messages."""


class DeliveryFailed(Exception):
    """The service or server did not take the message."""
