"""The engine that answers questions about networks outside of the web process."""

from cnnviz.compute.engine import get_engine

__all__ = ["get_engine"]
