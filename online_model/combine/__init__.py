"""From experts to what is served: mix, gate, bias, quantiles; labels as they mature; scores."""
