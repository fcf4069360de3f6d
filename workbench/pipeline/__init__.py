"""Studies that are rerun by one command: steps in a file, kept by their content, identical when they are run again."""
