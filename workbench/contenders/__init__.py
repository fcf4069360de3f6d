"""Other models, measured beside ours."""
