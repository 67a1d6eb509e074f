"""The graph: operations, nodes and the rules that rewrite them. Knows no device."""
