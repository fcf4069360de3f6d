"""Questions to MongoDB, answered with typed rows."""
