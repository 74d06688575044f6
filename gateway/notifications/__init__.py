"""Messages to people: mails by way of a spool, text messages by way of an academy's own service."""
