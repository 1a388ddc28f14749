"""The runner of `./dev bench load|peers|plot`: starts brokers, loads them in turns, and writes what was measured."""
