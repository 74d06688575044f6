"""`mamia setup`: what a directory and a machine need for given settings, and how they get it."""
