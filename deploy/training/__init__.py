"""`POST /train` and `POST /retrain` of the older API: what they mean for a model that never stops learning."""
