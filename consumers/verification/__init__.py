"""Do the books balance? The log recounted from scratch, against what MongoDB holds."""
