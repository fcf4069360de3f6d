"""Live ads: reads reports of ads, learns from them, advises when a day closes; state and offset in one document of MongoDB."""
