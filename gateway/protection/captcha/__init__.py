"""Ways to tell people from scripts: a picture, a sound, or the browser's proof of work."""
