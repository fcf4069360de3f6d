"""What a study found, kept in MLflow and as cards for people."""
