"""Stand-ins for Kafka and MongoDB on a bare machine, from installed packages, in child processes on loopback."""
