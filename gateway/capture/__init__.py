"""Hearing of passwords that are changed at the directory itself, by slapd's sock overlay."""
