"""The desk: the pages that people work at. Rendered here, complete without their script, and never slower than what MongoDB answers."""
