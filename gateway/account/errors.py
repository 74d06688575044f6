"""What is an infrastructure failure at the keyboard. The two differ in what is known about the write."""


class DirectoryUnavailable(Exception):
    """The directory did not answer, or not usefully. Nothing was written."""


class DirectoryMisconfigured(DirectoryUnavailable):
    """The directory answers, and will not do what the gateway needs: only an administrator can fix that."""


class DirectoryBusy(DirectoryUnavailable):
    """So many attempts wait for the directory already that one more would wait too long. Nothing was written."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class WriteUnconfirmed(Exception):
    """A write was sent, and it could not be proved whether it happened."""

    def __init__(self, message: str, *, server: str = "") -> None:
        """`server` is the URL of the one that it was sent to."""
        super().__init__(message)
        self.server = server
