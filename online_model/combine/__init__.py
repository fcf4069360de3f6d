"""From the experts' forecasts to the one that is published, and what the model learns when the outcome is known.

At a close, the experts are mixed, the gate adds the same-weekday mean while the pool is young, the bias gain corrects, and quantiles are
put around the result. What is published is called served. The day of the close is the origin of these forecasts. A forecast matures when
the last day of its horizon closes: what was sold by then is its label, which scores the forecast and teaches every part of the model.
"""
