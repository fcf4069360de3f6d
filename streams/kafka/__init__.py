"""One toolkit for Kafka: clients and how they log in, reading a topic, lag, what a broker says, quiet logs."""
