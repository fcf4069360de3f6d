"""Where everything is put together: the command line and the embedded stack."""
