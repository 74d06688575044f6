"""`mamia setup`: from what the directory has, and from a person's answers, to settings, secrets and changes."""
