"""What planning a shelf earns, simulated."""
