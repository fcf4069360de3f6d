"""The HTTP door for tills. A 202 means that Kafka has stored every line of the request."""
