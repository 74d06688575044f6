"""What keeps strangers out: sealed tickets, CAPTCHA pictures, things that serve only once."""
