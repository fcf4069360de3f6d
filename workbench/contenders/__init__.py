"""Other models that are measured beside ours."""
