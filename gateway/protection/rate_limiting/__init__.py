"""Rate limits: how often each kind of request may come, from whom and from where."""
