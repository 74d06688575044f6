"""What tests share: real servers, processes, browsers, and ways to wait."""
