"""The web page and its API: reads MongoDB only, so that no question can hold up the stream."""
