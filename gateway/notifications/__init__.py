"""Messages to people: mails through a spool, text messages through the academy's SMS gateway."""
