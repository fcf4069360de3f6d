"""The protocol of the M5 competition: one origin, 28 days, WRMSSE and weighted scaled pinball loss on twelve levels."""
