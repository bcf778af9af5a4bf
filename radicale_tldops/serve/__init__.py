"""The process of `tldops serve`: the application, what it serves from, and what it tells about itself."""
