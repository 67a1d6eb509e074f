"""The k largest, middle or smallest entries of every row: choices and launches."""
