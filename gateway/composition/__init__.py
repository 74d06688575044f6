"""The composition root: one module per process, which builds the objects of that process from the settings."""
