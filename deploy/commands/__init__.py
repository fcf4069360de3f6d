"""The commands, one composition root each."""
