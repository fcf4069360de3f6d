"""Figures, one a file: pure functions from records to a matplotlib Figure, drawn without pyplot's hidden state."""
