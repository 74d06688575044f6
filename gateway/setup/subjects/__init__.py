"""What setup changes, one file per subject; each returns what the directory lacks of it."""
