"""Rate limits: how often each kind of request may come, by person and by address."""
