"""What decisions teach the ranking: a logistic model whose weights anybody can read."""
