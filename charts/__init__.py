"""Questions asked of MongoDB and their answers: queries, figures, the web page, reports."""
