"""Protection of the services: rate limits, CAPTCHA, sealed single-use tickets, password lists, audit."""
