"""`POST /train` and `POST /retrain` of the older API, and what they mean for a model that never stops learning."""
