"""What happens to an event: pure decisions of a partition, from a log in order to messages and a state."""
