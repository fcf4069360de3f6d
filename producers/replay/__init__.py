"""Sends recorded sales again, in order of time; a replay that stopped can be resumed."""
