"""The loop that reads a topic, writes a batch and remembers how far it has come."""
