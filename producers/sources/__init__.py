"""Where a replay's rows come from: files, databases, a packaged data set."""
