"""Why MongoDB refuses, in a sentence."""
