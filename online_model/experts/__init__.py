"""The forecasters that are mixed, and the features they learn from."""
