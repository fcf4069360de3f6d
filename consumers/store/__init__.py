"""Where documents are kept: the port, MongoDB behind it, and a cache in front."""
