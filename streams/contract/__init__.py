"""What every process agrees on: messages, topics, codec, money, settings. Imports no client of any server."""
