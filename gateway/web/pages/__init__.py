"""One file a page: form → use case → what the person reads."""
