"""The HTTP door for tills: a 202 means that Kafka has stored every line."""
