"""Keeps the topics as Delta Lake tables that outlive Kafka's retention, and makes state and documents anew from them."""
