"""One toolkit for Kafka: what a broker says, how far readers lag, quiet logs."""
