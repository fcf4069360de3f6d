"""One toolkit for MongoDB: clients, and why a server refuses, in a sentence."""
