"""Tell people from machines: a picture, a sound, or the browser's proof of work."""
