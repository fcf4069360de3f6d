"""What management asks: questions in plain language, reports, and what the numbers suggest. Reads `charts.queries` only."""
