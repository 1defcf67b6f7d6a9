"""What we are asked: one use case a file, each two pure functions (`reads`, `decide`), and the dispatch that runs them."""
