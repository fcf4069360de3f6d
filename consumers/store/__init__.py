"""Where documents are kept: the port, MongoDB, a cache in front."""
