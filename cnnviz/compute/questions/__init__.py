"""What can be asked: thin functions around the library. They run in a worker, never in the web."""
