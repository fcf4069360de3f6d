"""Says in a sentence why MongoDB refuses."""
