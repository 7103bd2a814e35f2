"""Executors that give runs to engines which others operate: each needs the client library of its engine, an extra."""
