"""Clients of the API for other people's programs, generated from its document: Python and JavaScript."""
