"""Do the books balance? Recounts the log from scratch and compares it with what MongoDB holds."""
