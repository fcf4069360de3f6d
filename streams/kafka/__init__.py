"""One toolkit for Kafka: what a broker says, how far readers are behind, quiet logs."""
