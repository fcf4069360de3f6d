"""The figures, one in each file: pure functions from records to a matplotlib Figure, without the hidden state of pyplot."""
