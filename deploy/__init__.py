"""Puts everything together: the command line, the demo and the embedded servers. The only room that wires processes."""
