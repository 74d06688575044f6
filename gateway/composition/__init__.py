"""What knows everybody: one module per process, which wires its parts together by the settings."""
