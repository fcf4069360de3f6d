"""Sends chosen messages of `sales.forecasts` to other programs over HTTP: signed, tried again, each with effect once."""
