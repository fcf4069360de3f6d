"""Stand-ins for Kafka and MongoDB from installed packages, in child processes on loopback, for a bare machine."""
